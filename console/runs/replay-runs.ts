import { randomUUID } from 'node:crypto';
import { RelayError } from '../../shared/errors.ts';
import type { RelaySource } from '../../subscriber/bigquery/read-cells.ts';
import {
  type LetterFilter,
  readLetters,
  type WholeLetter,
} from '../../subscriber/dead-letters/find-letters.ts';
import { replayLetters } from '../../subscriber/dead-letters/replay-letters.ts';
import type { ConsoleParts } from '../context.ts';
import type { ReplayRun, Selection } from '../contract.ts';
import { problemOf } from '../problem.ts';

/** How long to wait for the next result: the subscriber may be busy with a backlog. */
const idleTimeoutMs = 60_000;
const keptRuns = 20;

interface Run {
  shown: ReplayRun;
  abort: AbortController;
}

/** Replays that were started here. They go on when the page is closed; a restart ends them, and loses nothing. */
export class ReplayRuns {
  readonly #parts: ConsoleParts;
  readonly #runs = new Map<string, Run>();
  /** Letters of the runs that are running: a second tab does not replay them at the same time. */
  readonly #underWay = new Set<string>();

  constructor(parts: ConsoleParts) {
    this.#parts = parts;
  }

  get all(): ReplayRun[] {
    return [...this.#runs.values()].map(({ shown }) => shown);
  }

  get(id: string): ReplayRun | undefined {
    return this.#runs.get(id)?.shown;
  }

  /** @throws RelayError `stream.unknown` */
  start(selection: Selection): ReplayRun {
    const { relay } = this.#parts;
    if (selection.as !== undefined && !relay.streams.has(selection.as)) {
      throw new RelayError('stream.unknown', `no stream "${selection.as}" to replay into`);
    }
    const shown: ReplayRun = {
      id: randomUUID(),
      startedAt: Date.now(),
      state: 'running',
      selected: 0,
      published: 0,
      results: {},
      skipped: 0,
    };
    const run = { shown, abort: new AbortController() };
    this.#runs.set(shown.id, run);
    for (const [id, { shown: old }] of this.#runs) {
      if (this.#runs.size > keptRuns && old.state !== 'running') this.#runs.delete(id);
    }
    void this.#run(run, selection);
    return shown;
  }

  /** Publishes nothing more; what is published goes its way. */
  stop(id: string): ReplayRun | undefined {
    const run = this.#runs.get(id);
    run?.abort.abort();
    return run?.shown;
  }

  stopAll(): void {
    for (const { abort } of this.#runs.values()) abort.abort();
  }

  async #run({ shown, abort }: Run, selection: Selection): Promise<void> {
    const { relay, bigquery, pubsub, log } = this.#parts;
    const source: RelaySource = { relay, bigquery };
    const own: string[] = [];
    const free = async function* (this: ReplayRuns): AsyncGenerator<WholeLetter> {
      for await (const letter of lettersOf(source, selection)) {
        if (this.#underWay.has(letter.messageId)) continue;
        this.#underWay.add(letter.messageId);
        own.push(letter.messageId);
        shown.selected++;
        yield letter;
      }
      if (selection.ids) shown.skipped = selection.ids.length - shown.selected;
    };
    try {
      await replayLetters(free.call(this), {
        relay,
        bigquery,
        pubsub: pubsub(),
        ...(selection.as !== undefined && { stream: selection.as }),
        idleTimeoutMs,
        signal: abort.signal,
        onProgress(counts) {
          shown.published = counts.published;
          shown.results = { ...counts.results };
        },
      });
      shown.state = abort.signal.aborted ? 'stopped' : 'done';
      const { published } = shown;
      log({ severity: 'INFO', message: 'dead letters were replayed from the console', published });
    } catch (error) {
      shown.state = 'failed';
      shown.problem = problemOf(error);
    } finally {
      shown.endedAt = Date.now();
      for (const id of own) this.#underWay.delete(id);
    }
  }
}

/** BigQuery takes a limited number of parameters in one query. */
const idsAtOnce = 200;

/** The letters of a selection, with their bodies, the oldest first. */
export async function* lettersOf(
  source: RelaySource,
  selection: Selection,
): AsyncGenerator<WholeLetter> {
  const filter = filterOf(selection);
  const { ids } = selection;
  if (!ids) return yield* readLetters(source, filter);
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const some = ids.slice(at, at + idsAtOnce);
    const wanted = new Set(some);
    // Another tab may have replayed some in the meantime: they are left out, unless they were chosen as such.
    for await (const letter of readLetters(source, { ids: some, all: selection.all ?? false })) {
      if (wanted.has(letter.messageId)) yield letter;
    }
  }
}

function filterOf({ stream, reason, since, until, all }: Selection): LetterFilter {
  return {
    ...(stream !== undefined && { stream }),
    ...(reason !== undefined && { reason }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(all !== undefined && { all }),
  };
}
