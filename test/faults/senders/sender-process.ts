/**
 * One sender in its own process: `sender-process.ts`, forked with its options as the first message. It sends
 * deliveries, each again and again until it is answered, and tells the parent how many. On `finish` it begins no more,
 * and ends when all are answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { announcementOf, type Delivery, deliveryOf, type Life } from './deliveries.ts';
import { OutsideLedger } from './outside-ledger.ts';
import { Poster } from './post.ts';
import { sign } from './signatures.ts';

export interface SenderOptions extends Life {
  edge: number;
  secrets: Readonly<Record<string, string>>;
  /** The file of the ledger outside. */
  ledger: string;
  /** Deliveries that begin in a second, at most. */
  perSecond: number;
  /** Deliveries under way at once. */
  atOnce: number;
  /** Time between announcements of exports; none without it. */
  exportEveryMs?: number;
}

/** Since the start of this life. */
export interface SenderCounts {
  /** Deliveries of which every round was acknowledged. */
  done: number;
  acknowledged: number;
  underWay: number;
  tries: number;
}

const firstBackoffMs = 100;
const longestBackoffMs = 1500;

class Sender {
  readonly #options: SenderOptions;
  readonly #poster: Poster;
  readonly #ledger: OutsideLedger;
  readonly counts: SenderCounts = { done: 0, acknowledged: 0, underWay: 0, tries: 0 };
  #next = 0;
  isFinishing = false;

  constructor(options: SenderOptions, ledger: OutsideLedger) {
    this.#options = options;
    this.#ledger = ledger;
    this.#poster = new Poster(options.edge, options.atOnce);
  }

  /** Begins deliveries at the given rate; what it could not begin in time is not caught up. */
  async run(): Promise<void> {
    const { perSecond, atOnce, exportEveryMs } = this.#options;
    const everyMs = 10;
    let credit = 0;
    let last = performance.now();
    let announcedAt = Number.NEGATIVE_INFINITY;
    while (!this.isFinishing) {
      const now = performance.now();
      credit = Math.min(credit + ((now - last) * perSecond) / 1000, perSecond / 4 + 1);
      last = now;
      if (exportEveryMs !== undefined && now - announcedAt > exportEveryMs) {
        announcedAt = now;
        void this.#deliver(this.#next++, announcementOf);
      }
      for (; credit >= 1 && this.counts.underWay < atOnce; credit--) {
        void this.#deliver(this.#next++, deliveryOf);
      }
      await sleep(everyMs);
    }
    while (this.counts.underWay > 0) await sleep(everyMs);
    this.#poster.close();
    await this.#ledger.close();
  }

  async #deliver(n: number, make: typeof deliveryOf): Promise<void> {
    const { counts } = this;
    counts.underWay++;
    for (let round = 0; ; round++) {
      const delivery = make(this.#options, n, round);
      await this.#sendUntilAnswered(delivery, n, round);
      if (round + 1 >= delivery.rounds) break;
    }
    counts.underWay--;
    counts.done++;
  }

  async #sendUntilAnswered(delivery: Delivery, n: number, round: number): Promise<void> {
    const one = { n, round, stream: delivery.stream, fate: delivery.fate };
    for (let tries = 0; ; tries++) {
      await this.#ledger.tries(one);
      this.counts.tries++;
      // A sender that hung up tries again in earnest.
      const hangUp = tries === 0 ? delivery.hangUp : undefined;
      const answer = await this.#poster.post(sign(delivery, this.#options.secrets), hangUp);
      await this.#ledger.answered(one, answer);
      const isTaken = answer.status >= 200 && answer.status < 300;
      if (isTaken) this.counts.acknowledged++;
      const isRefused = delivery.fate === 'refused' && answer.status >= 400 && answer.status < 500;
      if (isTaken || isRefused) return;
      await sleep(Math.random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** tries));
    }
  }
}

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));
process.once('message', async (options: SenderOptions) => {
  const sender = new Sender(options, await OutsideLedger.open(options.ledger));
  process.on('message', (message) => {
    if (message === 'finish') sender.isFinishing = true;
  });
  const tell = () => process.send?.({ kind: 'counts', ...sender.counts });
  const telling = setInterval(tell, 200);
  process.send?.({ kind: 'ready', ports: {} });
  await sender.run();
  clearInterval(telling);
  tell();
  process.disconnect?.();
});
