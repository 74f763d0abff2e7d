import { countRefused, readRefused } from '../../subscriber/refused/read-refused.ts';
import type { ConsoleParts } from '../context.ts';
import type { RefusedList } from '../contract.ts';

/** The refused deliveries that the edge kept, with the beginnings of bodies as text, where payloads are shown. */
export async function readRefusedList(
  { relay, bigquery, settings }: ConsoleParts,
  filter: { stream?: string },
): Promise<RefusedList> {
  const source = { relay, bigquery };
  const [refused, counts] = await Promise.all([
    readRefused(source, filter),
    countRefused(source, filter),
  ]);
  return {
    counts,
    refused: refused.map(({ body, ...one }) => ({
      ...one,
      ...(body !== undefined && settings.showsPayloads && { body: textOf(body) }),
    })),
  };
}

/** Bytes that are no text are shown as U+FFFD: the body was cut anywhere. */
function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
