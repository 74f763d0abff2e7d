/** What is to be done about one resource, after it was looked at. */
export type Plan =
  | { state: 'same' }
  /** `changes`: what is changed of one that exists, or said of one that does not. */
  | { state: 'create' | 'update'; changes: string[]; apply(): Promise<void> }
  /** It exists, and is not ours to change. */
  | { state: 'conflict'; problems: string[]; remedy: string }
  | { state: 'skip'; reason: string };

export const same: Plan = { state: 'same' };

/** What became of one resource. */
export type ResultState =
  | 'created'
  | 'updated'
  | 'unchanged'
  | 'would create'
  | 'would update'
  /** Without credentials it can't be looked at. */
  | 'unknown'
  | 'skipped'
  | 'failed';

export interface Result {
  kind: string;
  name: string;
  state: ResultState;
  /** Changes, or what is wrong. */
  details: string[];
  /** What a person can do about it, with the command line where there is one. */
  remedy?: string;
}
