import type { Examination } from './examination.ts';

export type CheckState = 'ok' | 'warning' | 'failed' | 'skipped';

/** What can be done about a problem. */
export interface Remedy {
  /** In a sentence. */
  remedy?: string | undefined;
  /** A line for a POSIX shell. */
  command?: string | undefined;
}

/** One of several things that are wrong. */
interface Problem extends Remedy {
  problem: string;
}

/** What a check found. */
export interface Finding extends Remedy {
  state: CheckState;
  /** One sentence, or a name. Never a secret. */
  found: string;
  /** Where several things were looked at: those that are wrong. */
  problems?: readonly Problem[];
}

export interface Check {
  /** Stable, for `--json`. */
  id: string;
  title: string;
  /** The checks without which this one can't be made. */
  needs: readonly string[];
  withinMs: number;
  run(examination: Examination, signal: AbortSignal): Finding | Promise<Finding>;
  /** What to do where Google refuses to show what is looked at. */
  access?(examination: Examination): Remedy;
}

export interface CheckResult extends Finding {
  check: string;
  title: string;
}

export function ok(found: string, remedy: Remedy = {}): Finding {
  return { state: 'ok', found, ...remedy };
}

export function warning(found: string, remedy: Remedy = {}): Finding {
  return { state: 'warning', found, ...remedy };
}

export function failed(found: string, remedy: Remedy = {}): Finding {
  return { state: 'failed', found, ...remedy };
}

/** @param reason follows the word "because" */
export function skipped(reason: string, remedy: Remedy = {}): Finding {
  return { state: 'skipped', found: `because ${reason}`, ...remedy };
}

/** A remedy that is a command line, or a sentence: the plans of `provision` have either. */
export function remedyOf(text: string): Remedy {
  return /^(?:gcloud|bq|npx|npm) /.test(text) ? { command: text } : { remedy: text };
}

/** What was found of one of several things; undefined where it is as it should be. */
export type Trouble = (Problem & { state: 'warning' | 'failed' }) | undefined;

/** Sums up what was found of several things: the worst counts. */
export function sumUp(troubles: readonly Trouble[], all: string): Finding {
  const found = troubles.filter((trouble) => trouble !== undefined);
  if (found.length === 0) return ok(all);
  const state = found.some((trouble) => trouble.state === 'failed') ? 'failed' : 'warning';
  const problems = found.map(({ state: _, ...problem }) => problem);
  const [first] = problems;
  if (first && troubles.length === 1) {
    const { problem, ...remedy } = first;
    return { state, found: problem, ...remedy };
  }
  const isAll = found.length === troubles.length;
  const sum = isAll ? `${found.length} problems` : `${found.length} of ${troubles.length}`;
  return { state, found: sum, problems };
}
