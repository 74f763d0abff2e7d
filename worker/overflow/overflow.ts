import type { Bindings } from '../env.ts';
import type { Message } from '../publish/message.ts';
import { factsOf } from '../report/log.ts';
import { withTimeout } from '../timeout.ts';
import { toClaim, toFrame } from './frame.ts';

/** Where a message was kept, or why it was not. No cause if overflow is not bound. */
export type Keeping = { kept: 'queue' | 'object' | false; cause?: string };

/** How long overflow may take, in milliseconds. The sender waits for it on top of the publish budget. */
const budgetMs = 3000;

/**
 * A queue message may have 128,000 bytes, and Cloudflare's own metadata take "up to ~100" of them.
 * https://developers.cloudflare.com/queues/platform/limits/
 */
const maxQueuedBytes = 128_000 - 100;

/** Keeps a message that Pub/Sub did not take; drain.ts publishes it later. Never rejects. */
export async function keep(message: Message, env: Bindings): Promise<Keeping> {
  const { OVERFLOW: queue, OVERFLOW_OBJECTS: objects } = env;
  if (!queue) return { kept: false };
  const frame = toFrame(message);
  const isLarge = frame.byteLength > maxQueuedBytes;
  if (isLarge && !objects) return { kept: false, cause: 'overflow-too-large' };
  try {
    const keeping =
      objects && isLarge ? keepObject(message, frame, objects, queue) : send(frame, queue);
    return (await withTimeout(budgetMs, keeping)) ?? { kept: false, cause: 'overflow-timeout' };
  } catch (error) {
    return { kept: false, cause: `overflow: ${factsOf(error).cause}` };
  }
}

async function send(frame: Uint8Array, queue: Queue<Uint8Array>): Promise<Keeping> {
  // Resolves once the message is on disk.
  await queue.send(frame, { contentType: 'bytes' });
  return { kept: 'queue' };
}

/** Writes the object first: its claim may be delivered as soon as it is sent. */
async function keepObject(
  message: Message,
  frame: Uint8Array,
  objects: R2Bucket,
  queue: Queue<Uint8Array>,
): Promise<Keeping> {
  const { stream, delivery_id: id } = message.attributes;
  const key = `overflow/${stream}/${id}`;
  await create(key, frame, objects);
  await queue.send(toClaim(key), { contentType: 'bytes' });
  return { kept: 'object' };
}

/** Creates an object once. If it exists (the result is null), it holds the same delivery. */
export async function create(key: string, bytes: Uint8Array, objects: R2Bucket): Promise<void> {
  await objects.put(key, bytes, { onlyIf: { etagDoesNotMatch: '*' } });
}
