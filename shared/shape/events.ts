import { formJson } from '../form-fields.ts';
import { readJsonStart, readJsonText } from '../json-body.ts';
import { findValues } from '../json-path.ts';
import type { Plan } from './plan.ts';

export type EventsReading =
  /** The raw JSON text of each event, and of the body around them; `whole` says that all of it was read. */
  | { ok: true; events: readonly string[]; body: string; whole: boolean }
  | { ok: false; problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * The events of a body, read whole.
 *
 * @param known the body as JSON, where it has been read before
 */
export function readEvents(body: Uint8Array, plan: Plan, known?: string): EventsReading {
  if (known !== undefined) return split({ ok: true, text: known, whole: true }, plan);
  return split(plan.form ? readForm(body) : readJsonText(body), plan);
}

/** The same, read only as far as the stream's filter and its required columns need. */
export function readEventsStart(body: Uint8Array, plan: Plan): EventsReading {
  if (plan.form || plan.each) return readEvents(body, plan);
  return split(readJsonStart(body, plan.needs), plan);
}

type TextReading = { ok: true; text: string; whole: boolean } | { ok: false; problem: string };

function split(reading: TextReading, { each, form }: Plan): EventsReading {
  if (!reading.ok) {
    return { ok: false, problem: `the body is ${reading.problem}${form ? ', not a form' : ''}` };
  }
  const { text, whole } = reading;
  if (!each) return { ok: true, events: [text], body: text, whole };
  const [array] = findValues(text, each.slice(0, -1)) ?? [];
  if (!array?.startsWith('[')) return { ok: false, problem: 'the body lacks the array of events' };
  return { ok: true, events: findValues(text, each) ?? [], body: text, whole };
}

function readForm(body: Uint8Array): TextReading {
  let form: string;
  try {
    form = utf8.decode(body);
  } catch {
    return { ok: false, problem: 'not UTF-8' };
  }
  const text = formJson(form);
  return text === '{}' ? { ok: false, problem: 'empty' } : { ok: true, text, whole: true };
}
