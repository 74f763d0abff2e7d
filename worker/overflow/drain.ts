import { RelayError } from '../../shared/errors.ts';
import { within } from '../deadline.ts';
import type { Bindings } from '../optional-bindings.ts';
import { type Message as Envelope, toMessageText } from '../publish/message.ts';
import { type Destination, publish } from '../publish/publish.ts';
import { type Facts, factsOf, writeLog } from '../report/log.ts';
import { type Frame, readFrame, toFrame } from './frame.ts';
import { create } from './overflow.ts';

/** What became of a message of the overflow queue. Only what is `held` stays there. */
interface Drained {
  outcome: 'drained' | 'held' | 'parked' | 'gone';
  envelope?: Envelope;
  facts?: Facts;
}

interface Dependencies {
  destination: Destination;
  objects: R2Bucket | undefined;
}

/** Nobody waits for an answer here. */
const publishBudgetMs = 10_000;

/** Nor for what the bucket does; one that hangs must not hold up the messages behind. */
const objectsWithinMs = 30_000;

const firstDelayS = 10;
const longestDelayS = 3600;

/**
 * Older than this, a message is parked where nothing deletes it. The queue gives a message up after 100
 * retries (about 3.5 days), and after its retention (4 days unless it was made with another).
 */
const parkAfterMs = 3 * 24 * 3600 * 1000;

/**
 * Publishes what overflow holds, under the same delivery ids. Small messages go side by side; claims one
 * after another, for each may bring 7 MiB into an isolate of 128 MB.
 */
export async function drain(
  batch: MessageBatch,
  env: Bindings,
  destination: Destination,
): Promise<void> {
  const dependencies = { destination, objects: env.OVERFLOW_OBJECTS };
  const claims: [Message, Frame][] = [];
  const settled: Promise<void>[] = [];
  for (const message of batch.messages) {
    const frame = frameOf(message.body);
    if (frame && 'object' in frame) claims.push([message, frame]);
    else settled.push(settle(message, frame, dependencies));
  }
  await Promise.all(settled);
  for (const [message, frame] of claims) await settle(message, frame, dependencies);
}

/** Acks what has come to its end and asks for the rest again, each message for itself. Never rejects. */
async function settle(
  message: Message,
  frame: Frame | undefined,
  dependencies: Dependencies,
): Promise<void> {
  let drained: Drained;
  try {
    drained = await relay(message, frame, dependencies);
  } catch (error) {
    drained = { outcome: 'held', facts: factsOf(error) };
  }
  const { outcome, envelope, facts } = drained;
  const delaySeconds = outcome === 'held' ? delayS(message.attempts) : undefined;
  if (delaySeconds === undefined) message.ack();
  else message.retry({ delaySeconds });
  const { stream, delivery_id } = envelope?.attributes ?? ({} as Record<string, undefined>);
  writeLog({
    ...(stream !== undefined && { stream }),
    ...(delivery_id !== undefined && { delivery_id }),
    outcome,
    ...facts,
    attempts: message.attempts,
    ...(delaySeconds !== undefined && { again_in_s: delaySeconds }),
  });
}

async function relay(
  { id, body }: Message,
  frame: Frame | undefined,
  { destination, objects }: Dependencies,
): Promise<Drained> {
  if (!frame) {
    await park(`parked/unreadable/${id}`, bytesOf(body), objects);
    return { outcome: 'parked', facts: { cause: 'overflow-unreadable' } };
  }
  const object = 'object' in frame ? frame.object : undefined;
  const envelope = 'object' in frame ? await redeem(frame.object, objects) : frame.message;
  // An object is deleted only once it was published, so this claim has come a second time.
  if (!envelope) return { outcome: 'gone', facts: { cause: 'overflow-object-gone' } };

  const { ok, ...facts } = await publish([toMessageText(envelope)], destination, publishBudgetMs);
  if (ok) {
    if (object !== undefined && objects) await inTime(objects.delete(object));
    return { outcome: 'drained', envelope, facts };
  }
  const { stream, delivery_id, received_at = '' } = envelope.attributes;
  const ageMs = destination.now() - Date.parse(received_at);
  if (!objects || !(ageMs > parkAfterMs)) return { outcome: 'held', envelope, facts };

  const parked = `parked/${stream}/${delivery_id}`;
  if (object !== parked) {
    await park(parked, toFrame(envelope), objects);
    if (object !== undefined) await inTime(objects.delete(object));
  }
  return { outcome: 'parked', envelope, facts };
}

/** The message that a claim stands for; undefined where its object is gone. */
async function redeem(key: string, objects: R2Bucket | undefined): Promise<Envelope | undefined> {
  if (!objects) throw unbound(`the claim of ${key}`);
  const object = await inTime(objects.get(key));
  if (!object) return undefined;
  const frame = readFrame(new Uint8Array(await inTime(object.arrayBuffer())));
  if (frame && 'message' in frame) return frame.message;
  throw new RelayError('overflow.unreadable', `the object ${key} holds no delivery`);
}

async function park(key: string, bytes: Uint8Array, objects: R2Bucket | undefined): Promise<void> {
  if (!objects) throw unbound(key);
  await inTime(create(key, bytes, objects));
}

/** What the bucket answers; where it does not, the message is held like after any other failure. */
async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  const told = await within(
    objectsWithinMs,
    answer.then((value) => ({ value })),
  );
  if (told) return told.value;
  throw new RelayError('overflow.timeout', 'the bucket OVERFLOW_OBJECTS does not answer');
}

function unbound(what: string): RelayError {
  return new RelayError('overflow.unbound', `${what} needs the bucket OVERFLOW_OBJECTS`);
}

/** The Worker sends bytes; a person who has parked deliveries sent again sends claims as JSON. */
function frameOf(body: unknown): Frame | undefined {
  return readFrame(bytesOf(body));
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (body instanceof Uint8Array) return body;
  return new TextEncoder().encode(typeof body === 'string' ? body : textOf(body));
}

/** Never throws: a message that cannot be told as JSON is parked, and not tried again with all its batch. */
function textOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? '';
  } catch {
    return String(body);
  }
}

/** Doubling, up to an hour; jittered downwards, so that what came together doesn't come back so. */
function delayS(attempts: number): number {
  const bound = Math.min(firstDelayS * 2 ** (attempts - 1), longestDelayS);
  return Math.ceil(bound * (0.8 + 0.2 * Math.random()));
}
