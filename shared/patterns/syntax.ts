import type { CharTest } from './char-set.ts';

/** What stands at a place of the text without taking a character of it. */
export type Assertion =
  | 'text-start'
  | 'text-end'
  | 'line-start'
  | 'line-end'
  | 'word-edge'
  | 'no-word-edge';

/** A pattern as it was understood. */
export type Syntax =
  | { is: 'char'; test: CharTest }
  | { is: 'assertion'; assertion: Assertion }
  | { is: 'sequence'; parts: readonly Syntax[] }
  | { is: 'either'; parts: readonly Syntax[] }
  /** `at` is where its `*`, `+`, `?` or `{` stands. */
  | { is: 'repeat'; part: Syntax; min: number; max: number; at: number };

/** Why a pattern is refused, and at which UTF-16 unit of it. Never leaves this folder. */
export class Refused extends Error {
  readonly at: number;

  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}
