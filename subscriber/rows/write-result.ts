import type { DeliveryTrace } from '../traces/delivery-trace.ts';

/** Why an event, or a part of one, is in no table. For people: it holds nothing of the payload. */
export interface Problem {
  reason: string;
  /** Path of the column at fault, if there is one; several are separated by commas. */
  column?: string;
}

/** What became of a delivery, or of one event or row of it. */
export type WriteResult =
  /**
   * With a `problem` it is written in part: some values did not fit, so a dead letter is stored as well. `rows` were
   * appended for it: one where it is absent; none for an export, or for rows that were written before. `hasNoRow`:
   * nothing in it is to become a row.
   */
  | { kind: 'written'; problem?: Problem; rows?: number; hasNoRow?: true }
  /** It can never become a row, however often it is tried: a dead letter is stored. Other events may be rows. */
  | { kind: 'invalid'; problem: Problem; rows?: number }
  /**
   * Nothing is wrong with it, but it is not written: Pub/Sub delivers it again. Rows that were sent and not
   * answered may still be written; `later` then resolves to their result. `rows` of it are written all the same.
   */
  | { kind: 'nacked'; reason: string; later?: Promise<WriteResult>; rows?: number };

/** How many rows were appended. */
export function rowsOf(result: WriteResult): number {
  return result.rows ?? (result.kind === 'written' ? 1 : 0);
}

export function invalid(problem: Problem): WriteResult {
  return { kind: 'invalid', problem };
}

/** Holds rows, dead letters or exports until BigQuery has taken or refused them. */
export interface Queue<Item> {
  /**
   * Resolves once the result is known, however long that takes. Never rejects.
   *
   * @param trace of the delivery, if it is sampled
   */
  write(item: Item, trace?: DeliveryTrace): Promise<WriteResult>;
  /** Writes what is queued, for at most `graceMs`, and nacks the rest. */
  close(graceMs: number): Promise<void>;
}

/** The result of one event of a delivery; `event` is its index, where a delivery may hold several. */
export interface EventResult {
  event?: number;
  result: WriteResult;
}

/** A reason is for a person to read. */
const maxReasons = 20;

/**
 * The result of a delivery whose events have different results. One nacked event makes the delivery nacked.
 * Otherwise one invalid event makes it invalid, and one that is written in part makes it written in part;
 * the problem names each of these events.
 *
 * @param whole how many more events there are, all written without a problem
 */
export function combineResults(results: readonly EventResult[], whole = 0): WriteResult {
  const nacked = results.find(({ result }) => result.kind === 'nacked');
  if (nacked) return nacked.result;
  const problems = results.flatMap(problemsOf);
  const [first] = problems;
  if (!first) return { kind: 'written' };
  const invalid = results.filter(({ result }) => result.kind === 'invalid').length;
  const kind = invalid > 0 ? 'invalid' : 'written';
  const { event, ...problem } = first;
  if (results.length === 1 && event === undefined) return { kind, problem };
  const { reason, ...columns } = mergeProblems(nameEvents(problems));
  const others = results.length + whole - invalid;
  const suffix = invalid > 0 && others > 0 ? ` (the other ${others} are written)` : '';
  return { kind, problem: { ...columns, reason: reason + suffix } };
}

type EventProblem = Problem & { event?: number };

function problemsOf({ event, result }: EventResult): EventProblem[] {
  if (result.kind === 'nacked' || !result.problem) return [];
  return [{ ...(event !== undefined && { event }), ...result.problem }];
}

function nameEvents(problems: readonly EventProblem[]): Problem[] {
  const named: Problem[] = problems.slice(0, maxReasons).map(({ event, reason, ...column }) => ({
    ...column,
    reason: event === undefined ? reason : `event ${event}: ${reason}`,
  }));
  const more = problems.length - named.length;
  if (more > 0) named.push({ reason: `and ${more} more` });
  return named;
}

export function mergeProblems(problems: readonly Problem[]): Problem {
  const columns = new Set(problems.flatMap(({ column }) => (column === undefined ? [] : [column])));
  const reason = problems.map((problem) => problem.reason).join('; ');
  return { reason, ...(columns.size > 0 && { column: [...columns].join(', ') }) };
}

/** Adds the problem of a row to its result, and to its later result. */
export async function withProblem(
  problem: Problem,
  pending: Promise<WriteResult>,
): Promise<WriteResult> {
  const result = await pending;
  if (result.kind === 'written') return { ...result, problem };
  if (result.kind === 'invalid' || !result.later) return result;
  return { ...result, later: withProblem(problem, result.later) };
}
