import { describeCause } from './http-request.ts';

/** Aborts a request when the other side sends nothing for too long, or when the subscriber stops. */
export class IdleTimeout {
  readonly signal: AbortSignal;
  readonly #idle = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, stop?: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.signal = stop ? AbortSignal.any([this.#idle.signal, stop]) : this.#idle.signal;
  }

  restart(): void {
    this.clear();
    this.#timer = setTimeout(() => this.#idle.abort(), this.#timeoutMs);
  }

  /** Also while our own disk or consumer is slow: that is not the other side's idle time. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  explain(error: unknown): string {
    if (this.#idle.signal.aborted) return `nothing came for ${this.#timeoutMs} ms`;
    return this.signal.aborted ? 'the subscriber stops' : describeCause(error);
  }
}
