import { RelayError } from '../../shared/errors.ts';
import type { EventReader } from '../events/event-reader.ts';
import { arrayElements } from '../lines/json-elements.ts';
import { type Line, splitLines } from '../lines/lines.ts';
import { Peeked } from '../lines/peeked-stream.ts';
import { describeWindow, type TimeWindow } from '../time-window.ts';

/**
 * The events of a sender's answer: JSONL, or a JSON array. HTTP can't always tell an answer that broke off from one
 * that ended; but no sender ends amid a line, or leaves an array open.
 *
 * @throws RelayError `history.broken`, with the last line; `history.unusable` at the end of an answer that is none:
 *   an error, a page, a CSV; what `chunks` throws
 */
export async function* historyLines(
  chunks: AsyncIterable<Uint8Array>,
  window: TimeWindow,
  reader: EventReader,
): AsyncGenerator<Line[]> {
  const peeked = await Peeked.open(chunks);
  const isArray = /^[\uFEFF\s]*\[/.test(textOf(peeked.first));
  const answer = new AnswerCheck(reader, textOf(peeked.first));
  for await (const lines of isArray ? arrayElements(peeked) : splitLines(peeked)) {
    const last = lines.at(-1);
    if (last?.isUnended && isBroken(last, isArray)) {
      const problem = `the answer broke off: its last line, ${last.number}, is not whole`;
      throw new RelayError('history.broken', problem);
    }
    for (const line of lines) answer.note(line);
    yield lines;
  }
  answer.end(window);
}

function isBroken({ bytes, problem }: Line, isArray: boolean): boolean {
  if (isArray) return true;
  if (problem !== undefined) return false;
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return false;
  } catch {
    // A page or a CSV need not end with a line break, and is no answer that broke off.
    return /^\s*[{[]/.test(textOf(bytes));
  }
}

const shownBytes = 200;

/** Is one event at least in the answer? Else what the table lacks can't be told from it. */
class AnswerCheck {
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
      `${describeWindow(window)}: nothing of the sender's answer is an event; it begins: ${beginning}`,
    );
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, shownBytes));
}
