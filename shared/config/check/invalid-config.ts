import { RelayError } from '../../errors.ts';
import type { Problem } from '../../filters/condition.ts';
import type { RelayOptions } from '../config.ts';

/** What is wrong with the config at a path such as `streams.orders.table`, and what a person should do. */
export type ConfigProblem = Required<Problem>;

/** `config.invalid`, with each problem on its own. */
export class InvalidConfig extends RelayError {
  readonly problems: readonly ConfigProblem[];
  /** As the config wrote them, whatever that is. */
  readonly options: Partial<RelayOptions>;

  constructor(problems: readonly ConfigProblem[], options: Partial<RelayOptions>) {
    const lines = problems.map(({ path, message }) => `  ${path} ${message}`);
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super('config.invalid', `tributary.config.ts has ${count}:\n${lines.join('\n')}`);
    this.problems = problems;
    this.options = options;
  }
}
