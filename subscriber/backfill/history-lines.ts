import { RelayError } from '../../shared/error.ts';
import { type Line, splitLines } from './lines.ts';

/**
 * The lines of a sender's answer. HTTP can't always tell an answer that broke off from one that ended; but no
 * sender ends amid a line.
 *
 * @throws RelayError `history.broken`, with the last line; what `chunks` throws
 */
export async function* historyLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  for await (const lines of splitLines(chunks)) {
    const last = lines.at(-1);
    if (last?.isUnended && last.problem === undefined && !isJson(last.bytes)) {
      const problem = `the answer broke off: its last line, ${last.number}, is not whole`;
      throw new RelayError('history.broken', 'transient', problem);
    }
    yield lines;
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return true;
  } catch {
    return false;
  }
}
