import type { PulledMessage } from '../../subscriber/pipeline.ts';

export interface Published {
  id: string;
  attributes: Record<string, string>;
  data: Uint8Array;
}

/**
 * Stands for Google's Pub/Sub and its client together, where a test must see every delivery: at most so
 * many messages are out at once, and one that was given back comes again after a pause that doubles.
 */
export class QueueOfGoogle {
  readonly #take: (message: PulledMessage) => void;
  readonly #mostOut: number;
  readonly #firstPauseMs: number;
  readonly #ready: Published[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  /** How often each message was given back, by id. */
  readonly givenBack = new Map<string, number>();
  readonly acked = new Set<string>();
  #out = 0;
  mostSeenOut = 0;

  constructor(
    take: (message: PulledMessage) => void,
    { mostOut, firstPauseMs }: { mostOut: number; firstPauseMs: number },
  ) {
    this.#take = take;
    this.#mostOut = mostOut;
    this.#firstPauseMs = firstPauseMs;
  }

  publish(...messages: Published[]): void {
    this.#ready.push(...messages);
    this.#deliver();
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#ready.length = 0;
  }

  #deliver(): void {
    while (this.#out < this.#mostOut) {
      const message = this.#ready.shift();
      if (!message) return;
      this.#out++;
      this.mostSeenOut = Math.max(this.mostSeenOut, this.#out);
      setImmediate(() => this.#take(this.#delivery(message)));
    }
  }

  #delivery(message: Published): PulledMessage {
    return {
      ...message,
      ack: () => {
        this.acked.add(message.id);
        this.#returned();
      },
      nack: () => {
        const times = (this.givenBack.get(message.id) ?? 0) + 1;
        this.givenBack.set(message.id, times);
        const timer = setTimeout(
          () => {
            this.#timers.delete(timer);
            this.publish(message);
          },
          this.#firstPauseMs * 2 ** (times - 1),
        );
        this.#timers.add(timer);
        this.#returned();
      },
    };
  }

  #returned(): void {
    this.#out--;
    this.#deliver();
  }
}
