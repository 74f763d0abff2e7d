import { causeOf } from '../export-failure.ts';

/** Ends a request after a silence, or when the subscriber stops. */
export class Silence {
  readonly signal: AbortSignal;
  readonly #idle = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, stop?: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.signal = stop ? AbortSignal.any([this.#idle.signal, stop]) : this.#idle.signal;
  }

  heard(): void {
    this.pause();
    this.#timer = setTimeout(() => this.#idle.abort(), this.#timeoutMs);
  }

  /** While we write to the disk, the silence isn't the sender's. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.pause();
  }

  explain(error: unknown): string {
    if (this.#idle.signal.aborted) return `nothing came for ${this.#timeoutMs} ms`;
    return this.signal.aborted ? 'the subscriber stops' : causeOf(error);
  }
}
