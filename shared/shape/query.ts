import { formMembers } from '../formats/form.ts';
import type { Members } from '../formats/members.ts';
import type { SentBody } from '../formats/sent-body.ts';
import { holdsReplacement } from '../formats/text.ts';

/** What the query of a delivery says of a name, as raw JSON: several values are an array. */
export type QueryReader = (name: string) => string | undefined;

/** Does U+FFFD stand in what it says for bytes that are no UTF-8? Of a GET its body tells. */
export function isQueryReplaced({ method, query = '' }: SentBody & { query?: string | undefined }) {
  if (method === 'GET' || !/%[89a-f]/i.test(query)) return false;
  return holdsReplacement(formMembers(query).toJson(), query);
}

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
