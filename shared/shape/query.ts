import { formMembers } from '../formats/form.ts';
import type { Members } from '../formats/members.ts';
import type { SentBody } from '../formats/sent-body.ts';

/** What the query of a delivery says of a name, as raw JSON: several values are an array. */
export type QueryReader = (name: string) => string | undefined;

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Reads the query once, when it is first asked for. The body of a GET is its query. */
export function queryReader(sent: SentBody & { query?: string | undefined }): QueryReader {
  let members: Members | undefined;
  return (name) => {
    members ??= formMembers(sent.method === 'GET' ? decoder.decode(sent.body) : (sent.query ?? ''));
    const values = members.valuesOf(name);
    return values.length > 1 ? `[${values.join(',')}]` : values[0];
  };
}
