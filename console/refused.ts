import type { ConsoleParts } from './context.ts';
import type { RefusedInfo } from './contract.ts';

/** Interim: until subscriber/refused is there. */
export async function readRefusedInfos(
  _parts: ConsoleParts,
  _filter: { stream?: string; cause?: string },
): Promise<RefusedInfo[]> {
  return [];
}
