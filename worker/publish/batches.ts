import { within } from '../deadline.ts';
import type { Attempt } from './attempt.ts';

/** Posts these messages, in one request. Never rejects. */
export type Post = (messages: readonly string[]) => Promise<Attempt>;

/** So many requests of the isolate are under way before what comes next waits for company. */
const maxUnderWay = 2;

/** The longest wait for company, in milliseconds: a request that hangs must not hold up another delivery. */
const patienceMs = 50;

/** In UTF-16 units, as all the messages of a request together: a tenth of Pub/Sub's 10 MB. */
const maxSharedLength = 1024 * 1024;

/** What is longer gains little by company, and would make it wait: it goes alone. */
const maxCompanionLength = 128 * 1024;

/** Pub/Sub takes 1,000. */
const maxShared = 100;

const timedOut: Attempt = { stored: false, cause: 'pubsub-timeout', retry: true };

class Waiting {
  readonly message: string;
  readonly timeoutMs: number;
  readonly word: Promise<Attempt | 'lead'>;
  tell: (word: Attempt | 'lead') => void = () => {};
  isTaken = false;

  constructor(message: string, timeoutMs: number) {
    this.message = message;
    this.timeoutMs = timeoutMs;
    this.word = new Promise((resolve) => {
      this.tell = resolve;
    });
  }
}

/**
 * Lets messages that come while others are on their way to Pub/Sub share one request: it is what costs most
 * of a delivery. Nobody relies on another for more than time: each delivery waits under a timer of its own,
 * and what is not acknowledged in a shared request is tried again alone.
 *
 * A request belongs to the delivery that posts it, and ends with it. The others hold promises that were made
 * in their own context, which workerd goes on with there (`handle_cross_request_promise_resolution`).
 */
export class Batches {
  #waiting: Waiting[] = [];
  /** When each request under way is over, at the latest: one whose delivery is cut off tells nobody. */
  readonly #underWay = new Set<{ until: number }>();

  /** Posts a message, alone or with others; `timeoutMs` is what `post` may take. Never rejects. */
  async send(message: string, timeoutMs: number, post: Post): Promise<Attempt> {
    if (message.length > maxCompanionLength) return post([message]);
    if (this.#hasRoom()) return this.#lead(message, timeoutMs, post);
    const own = new Waiting(message, timeoutMs);
    this.#waiting.push(own);
    let word = await within(Math.min(patienceMs, timeoutMs), own.word);
    if (!word && own.isTaken) word = (await within(timeoutMs, own.word)) ?? timedOut;
    if (word && word !== 'lead') return word;
    this.#waiting = this.#waiting.filter((one) => one !== own);
    return this.#lead(message, timeoutMs, post);
  }

  /** Posts a message with all that wait and find room. */
  async #lead(message: string, timeoutMs: number, post: Post): Promise<Attempt> {
    const company = this.#takeAlong(message.length, timeoutMs);
    const request = { until: Date.now() + 2 * timeoutMs };
    this.#underWay.add(request);
    const attempt = await post([message, ...company.map((one) => one.message)]);
    this.#underWay.delete(request);
    // What Pub/Sub refuses for good, it may refuse for the sake of one message: each is to be tried alone.
    const told = attempt.stored || company.length === 0 ? attempt : { ...attempt, retry: true };
    for (const one of company) one.tell(told);
    this.#waiting.shift()?.tell('lead');
    return told;
  }

  /** Those with more time than the leader stay: its request would be cut short, and they told a failure. */
  #takeAlong(length: number, timeoutMs: number): Waiting[] {
    const company: Waiting[] = [];
    let room = maxSharedLength - length;
    for (const one of this.#waiting) {
      if (one.timeoutMs > timeoutMs) continue;
      room -= one.message.length;
      if (room < 0 || company.length === maxShared - 1) break;
      one.isTaken = true;
      company.push(one);
    }
    this.#waiting = this.#waiting.filter((one) => !one.isTaken);
    return company;
  }

  #hasRoom(): boolean {
    if (this.#underWay.size < maxUnderWay) return true;
    const now = Date.now();
    for (const request of this.#underWay) {
      if (request.until < now) this.#underWay.delete(request);
    }
    return this.#underWay.size < maxUnderWay;
  }
}
