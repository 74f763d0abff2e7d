/**
 * What the one who catches an error should do about it. `setup`: a person must mend the
 * configuration. `throttled`: slow down and try again. `transient`: try again. `invalid`: never
 * try again, the data itself is wrong.
 */
export type Reaction = 'setup' | 'throttled' | 'transient' | 'invalid';

/** The unexpected. Expected results (an outcome, an invalid row) are values, not errors. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  /** Stable, for code and alerts: `config.invalid`, `port.taken`, … */
  readonly code: string;
  readonly reaction: Reaction;

  constructor(code: string, reaction: Reaction, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reaction = reaction;
  }
}
