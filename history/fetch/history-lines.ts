import { RelayError } from '../../shared/errors.ts';
import type { EventReader } from '../events/event-reader.ts';
import { arrayElements } from '../lines/json-elements.ts';
import { type Line, splitLines } from '../lines/lines.ts';
import { PeekedStream } from '../lines/peeked-stream.ts';
import { describeWindow, type TimeWindow } from '../time-window.ts';

/**
 * The events of a sender's response, which is JSONL or a JSON array. HTTP does not always show that a response
 * broke off. But then its last line is incomplete, or its array is not closed.
 *
 * @throws RelayError `history.broken` at an incomplete end; `history.unusable` if the response has no events but
 *   something else: an error, a page, a CSV; the errors of `chunks`
 */
export async function* historyLines(
  chunks: AsyncIterable<Uint8Array>,
  window: TimeWindow,
  reader: EventReader,
): AsyncGenerator<Line[]> {
  const peeked = await PeekedStream.open(chunks);
  const isArray = /^[\uFEFF\s]*\[/.test(textOf(peeked.first));
  const check = new ResponseCheck(reader, textOf(peeked.first));
  for await (const lines of isArray ? arrayElements(peeked) : splitLines(peeked)) {
    const last = lines.at(-1);
    if (last?.isUnended && isBroken(last, isArray)) {
      const problem = `the response broke off: its last line, ${last.number}, is incomplete`;
      throw new RelayError('history.broken', problem);
    }
    for (const line of lines) check.note(line);
    yield lines;
  }
  check.end(window);
}

function isBroken({ bytes, problem }: Line, isArray: boolean): boolean {
  if (isArray) return true;
  if (problem !== undefined) return false;
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return false;
  } catch {
    // A page or a CSV may end without a line break and be complete.
    return /^\s*[{[]/.test(textOf(bytes));
  }
}

const shownBytes = 200;

/** Requires at least one event in a response that is not empty: otherwise it says nothing about the table. */
class ResponseCheck {
  readonly #reader: EventReader;
  readonly #beginning: string;
  #isEmpty = true;
  #hasEvent = false;

  constructor(reader: EventReader, beginning: string) {
    this.#reader = reader;
    this.#beginning = beginning;
  }

  note(line: Line): void {
    this.#isEmpty = false;
    if (!this.#hasEvent) this.#hasEvent = this.#reader.isEvent(line);
  }

  end(window: TimeWindow): void {
    if (this.#hasEvent || this.#isEmpty) return;
    const beginning = this.#beginning.replace(/\s+/g, ' ');
    throw new RelayError(
      'history.unusable',
      `${describeWindow(window)}: the sender's response contains no event; it begins: ${beginning}`,
    );
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, shownBytes));
}
