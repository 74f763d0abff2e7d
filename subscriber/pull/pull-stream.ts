import { status } from '@grpc/grpc-js';
import type { PullCall, PullRequest } from './pull-client.ts';
import type { StreamEnd } from './stream-end.ts';

export interface StreamTimes {
  /** How often the streams and the leases are looked at. */
  checkMs: number;
  /** Pub/Sub ends a stream that sends nothing; each request is answered. */
  pingMs: number;
  /** A stream is dead when a ping has no answer after this time. */
  pongMs: number;
  /** A stream that brings no message for this long is replaced: it may be stuck although there is a backlog. */
  idleMs: number;
  /** How long a stream may be paused: the leases of what waits in it unread run on. */
  pausedMs: number;
  /** How long a stream may take to end after `finish`. */
  finishMs: number;
}

export const streamTimes: StreamTimes = {
  checkMs: 1000,
  pingMs: 30_000,
  pongMs: 15_000,
  idleMs: 90_000,
  pausedMs: 5000,
  finishMs: 500,
};

export interface StreamOptions {
  request: PullRequest;
  times: StreamTimes;
  now: () => number;
  /**
   * @returns how many messages the response had
   * @throws if it is no response
   */
  onResponse(response: Buffer): number;
  /** Called once, however the stream ends. */
  onEnd(end: StreamEnd): void;
}

/** One StreamingPull. It ends once, and never without `onEnd`. */
export class PullStream {
  readonly #call: PullCall;
  readonly #options: StreamOptions;
  readonly #openedAt: number;
  #heardAt: number;
  #messageAt: number;
  #pingedAt: number;
  #pausedAt: number | undefined;
  #hasBrought = false;
  #isEnded = false;
  #finish: NodeJS.Timeout | undefined;

  constructor(call: PullCall, options: StreamOptions) {
    this.#call = call;
    this.#options = options;
    this.#openedAt = options.now();
    this.#heardAt = this.#openedAt;
    this.#messageAt = this.#openedAt;
    this.#pingedAt = this.#openedAt;
    call.on('data', (response: Buffer) => this.#take(response));
    // The status follows, and is the end in any case.
    call.on('error', () => {});
    call.on('status', (end: { code: number; details: string }) => {
      this.#end({ code: end.code, message: end.details });
    });
    call.write(options.request);
  }

  /** Whether it has worked: then the next one is opened without a growing delay. */
  get hasWorked(): boolean {
    return this.#hasBrought || this.#options.now() - this.#openedAt > this.#options.times.pongMs;
  }

  pause(): void {
    if (this.#isEnded || this.#pausedAt !== undefined) return;
    this.#pausedAt = this.#options.now();
    this.#call.pause();
  }

  resume(): void {
    if (this.#pausedAt === undefined) return;
    this.#pausedAt = undefined;
    // Nothing was read meanwhile, so nothing is known about the time.
    this.#heardAt = this.#options.now();
    this.#messageAt = this.#heardAt;
    this.#call.resume();
  }

  /** To be called every `checkMs`. @param mayBeStuck whether Pub/Sub would send messages if it had some */
  check(mayBeStuck: boolean): void {
    if (this.#isEnded || this.#finish) return;
    const now = this.#options.now();
    const { pingMs, pongMs, idleMs, pausedMs } = this.#options.times;
    if (this.#pausedAt !== undefined) {
      if (now - this.#pausedAt > pausedMs) this.drop({ code: status.OK, message: 'it was paused' });
    } else if (this.#pingedAt > this.#heardAt && now - this.#pingedAt > pongMs) {
      this.drop({ code: status.UNAVAILABLE, message: 'a keepalive was not answered' });
    } else if (mayBeStuck && now - this.#messageAt > idleMs) {
      this.finish();
    }
    if (!this.#isEnded && !this.#finish && now - this.#pingedAt > pingMs) {
      this.#pingedAt = now;
      this.#call.write({});
    }
  }

  /** Asks Pub/Sub to end the stream. What it has sent until then still comes. */
  finish(): void {
    if (this.#isEnded || this.#finish) return;
    this.#call.end();
    this.#finish = setTimeout(() => {
      this.drop({ code: status.OK, message: 'it was ended here' });
    }, this.#options.times.finishMs);
    this.resume();
  }

  /** Ends the stream at once. What is in it unread comes again when its lease is over. */
  drop(end: StreamEnd): void {
    this.#call.removeAllListeners('data');
    this.#call.cancel();
    this.#end(end);
  }

  #take(response: Buffer): void {
    this.#heardAt = this.#options.now();
    try {
      if (this.#options.onResponse(response) === 0) return;
    } catch (error) {
      this.drop({ code: status.INTERNAL, message: (error as Error).message });
      return;
    }
    this.#messageAt = this.#heardAt;
    this.#hasBrought = true;
  }

  #end(end: StreamEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#finish);
    this.#options.onEnd(end);
  }
}
