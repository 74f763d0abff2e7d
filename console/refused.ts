import { readRefused } from '../subscriber/refused/read-refused.ts';
import type { ConsoleParts } from './context.ts';
import type { RefusedInfo } from './contract.ts';

/** The refused deliveries that the edge kept, with the beginnings of bodies as text, where payloads are shown. */
export async function readRefusedInfos(
  { relay, bigquery, settings }: ConsoleParts,
  filter: { stream?: string; cause?: string },
): Promise<RefusedInfo[]> {
  const found = await readRefused({ relay, bigquery }, filter);
  return found.map(({ body, ...refused }) => ({
    ...refused,
    ...(body !== undefined && settings.showsPayloads && { body: textOf(body) }),
  }));
}

/** Bytes that are no text are shown as U+FFFD: the body was cut anywhere. */
function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
