import { RelayError } from '../../shared/errors.ts';
import type { Bindings } from '../env.ts';
import type { Facts } from '../outcome.ts';
import { type Message as Envelope, toMessageText } from '../publish/message.ts';
import { type Destination, publish } from '../publish/publish.ts';
import { factsOf, writeLog } from '../report/log.ts';
import { withTimeout } from '../timeout.ts';
import { type Frame, readFrame, toFrame } from './frame.ts';
import { create } from './overflow.ts';

/** What became of a message of the overflow queue. Only a `held` one stays in the queue. */
interface Drained {
  outcome: 'drained' | 'held' | 'parked' | 'gone';
  envelope?: Envelope;
  facts?: Facts;
}

interface Dependencies {
  destination: Destination;
  objects: R2Bucket | undefined;
}

/** Longer than for a delivery: no sender waits for an answer. */
const publishBudgetMs = 10_000;

/** A bucket that hangs must not block the other messages of the batch. */
const objectsWithinMs = 30_000;

const firstDelayS = 10;
const longestDelayS = 3600;

/**
 * An older message is parked in the bucket, where nothing deletes it. The queue drops a message after 100 retries
 * (about 3.5 days) or at the end of its retention (4 days by default).
 */
const parkAfterMs = 3 * 24 * 3600 * 1000;

/**
 * Publishes the messages of overflow, with the same delivery ids. Small messages are published in parallel, claims
 * one after another: each may load 7 MiB into an isolate of 128 MB.
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

/** Acks the message if it is done, else has the queue deliver it again. Never rejects. */
async function settle(
  message: Message,
  frame: Frame | undefined,
  dependencies: Dependencies,
): Promise<void> {
  let drained: Drained;
  try {
    drained = await publishOrPark(message, frame, dependencies);
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

async function publishOrPark(
  { id, body }: Message,
  frame: Frame | undefined,
  { destination, objects }: Dependencies,
): Promise<Drained> {
  if (!frame) {
    await park(`parked/unreadable/${id}`, bytesOf(body), objects);
    return { outcome: 'parked', facts: { cause: 'overflow-unreadable' } };
  }
  const object = 'object' in frame ? frame.object : undefined;
  const envelope = 'object' in frame ? await readClaimed(frame.object, objects) : frame.message;
  // An object is deleted only after it was published, so this claim is a duplicate.
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

/** The message of a claim; undefined if its object is gone. */
async function readClaimed(
  key: string,
  objects: R2Bucket | undefined,
): Promise<Envelope | undefined> {
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

/** Waits for the bucket. If it does not answer, the message is held, as after any other failure. */
async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  const answered = await withTimeout(
    objectsWithinMs,
    answer.then((value) => ({ value })),
  );
  if (answered) return answered.value;
  throw new RelayError('overflow.timeout', 'the bucket OVERFLOW_OBJECTS does not answer');
}

function unbound(what: string): RelayError {
  return new RelayError('overflow.unbound', `${what} needs the bucket OVERFLOW_OBJECTS`);
}

/** The Worker sends bytes. A person who replays parked deliveries sends claims as JSON. */
function frameOf(body: unknown): Frame | undefined {
  return readFrame(bytesOf(body));
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (body instanceof Uint8Array) return body;
  return new TextEncoder().encode(typeof body === 'string' ? body : textOf(body));
}

/** Never throws: a message that JSON can't represent is parked, and must not make its batch fail. */
function textOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? '';
  } catch {
    return String(body);
  }
}

/** Doubles up to an hour. The jitter spreads messages that were delivered together. */
function delayS(attempts: number): number {
  const bound = Math.min(firstDelayS * 2 ** (attempts - 1), longestDelayS);
  return Math.ceil(bound * (0.8 + 0.2 * Math.random()));
}
