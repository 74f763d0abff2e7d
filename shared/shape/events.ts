import type { SentBody } from '../formats/body-formats.ts';
import { beginsAsJson, readBody } from '../formats/read-body.ts';
import { readJsonStart } from '../json/json-body.ts';
import { findValues } from '../json/json-path.ts';
import { skipSpace } from '../json/json-scan.ts';
import type { Plan } from './plan.ts';

export type EventsReading =
  /**
   * The raw JSON text of each event, and of the body around them. `whole`: all of the body was read. `sent` is the
   * event as it was sent, if values that the signature can't distinguish were removed from it.
   */
  | { ok: true; events: readonly string[]; body: string; whole: boolean; sent?: string }
  | { ok: false; problem: string };

const encoder = new TextEncoder();

/** A POST without a body but with a query is read as a GET. */
export function withQuery<Sent extends SentBody & { query?: string | undefined }>(
  sent: Sent,
  { takesQuery }: Plan,
): Sent {
  const { body, query } = sent;
  if (body.byteLength > 0 || !query || !takesQuery) return sent;
  return { ...sent, method: 'GET', body: encoder.encode(query) };
}

/**
 * The events of a body, read whole.
 *
 * @param known the body as JSON, if it was read before
 */
export function readEvents(sent: SentBody, plan: Plan, known?: string): EventsReading {
  if (known !== undefined) return split(known, plan);
  const reading = readBody(sent, plan.formats, plan.lines);
  if (!reading.ok) return { ok: false, problem: `the body is ${reading.problem}` };
  const { text } = reading;
  const signed = plan.signsDistinct && text.includes(':[') ? distinct(text) : text;
  const read = split(signed, plan);
  if (!read.ok) return read;
  return signed === text ? read : { ...read, sent: text };
}

/**
 * A form with each value of a name once. Twilio's signature is the same if a value is repeated. Whoever repeats a field of
 * a signed delivery must not be able to hide its name, its id, or a value that a filter looks at.
 */
function distinct(form: string): string {
  return JSON.stringify(JSON.parse(form), (_, value: unknown) => {
    if (!Array.isArray(value)) return value;
    const values = [...new Set<unknown>(value)];
    return values.length === 1 ? values[0] : values;
  });
}

/** The same, read only as far as the stream's filter and its required columns need. */
export function readEventsStart(sent: SentBody, plan: Plan): EventsReading {
  const { body } = sent;
  // JSON is what most senders send, and the only format that can be read in part.
  if (!plan.each && plan.takesJson && sent.method !== 'GET' && beginsAsJson(body)) {
    const reading = readJsonStart({ body }, plan.needs);
    if (reading.ok) {
      const { text, whole } = reading;
      return { ok: true, events: [text], body: text, whole };
    }
  }
  return readEvents(sent, plan);
}

function split(text: string, { each, isLoneTaken }: Plan): EventsReading {
  const read = { ok: true, body: text, whole: true } as const;
  if (!each) return { ...read, events: [text] };
  const [array] = findValues(text, each.slice(0, -1)) ?? [];
  if (array?.startsWith('[')) return { ...read, events: findValues(text, each) ?? [] };
  // Senders of batches may send a single event without brackets.
  if (isLoneTaken) return { ...read, events: [text.slice(skipSpace(text, 0))] };
  return { ok: false, problem: 'the body lacks the array of events' };
}
