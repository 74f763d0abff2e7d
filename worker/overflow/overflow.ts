import { within } from '../deadline.ts';
import type { Bindings } from '../optional-bindings.ts';
import type { Message } from '../publish/message.ts';
import { factsOf } from '../report/log.ts';
import { toClaim, toFrame } from './frame.ts';

/** Where a message was kept; or why it was not, if overflow is bound at all. */
export type Keeping = { kept: 'queue' | 'object' } | { kept: false; cause?: string };

/** How long keeping may take, in milliseconds: what the sender waits for beyond the budget of publishing. */
const budgetMs = 3000;

/**
 * A message holds 128,000 bytes, of which Cloudflare's own metadata take "up to ~100".
 * https://developers.cloudflare.com/queues/platform/limits/
 */
const maxQueuedBytes = 128_000 - 100;

/** Keeps a message that Pub/Sub did not take, for drain.ts to publish later. Never rejects. */
export async function keep(message: Message, env: Bindings): Promise<Keeping> {
  const { OVERFLOW: queue, OVERFLOW_OBJECTS: objects } = env;
  if (!queue) return { kept: false };
  const frame = toFrame(message);
  const isLarge = frame.byteLength > maxQueuedBytes;
  if (isLarge && !objects) return { kept: false, cause: 'overflow-too-large' };
  try {
    const keeping =
      objects && isLarge ? keepObject(message, frame, objects, queue) : send(frame, queue);
    return (await within(budgetMs, keeping)) ?? { kept: false, cause: 'overflow-timeout' };
  } catch (error) {
    return { kept: false, cause: `overflow: ${factsOf(error).cause}` };
  }
}

async function send(frame: Uint8Array, queue: Queue<Uint8Array>): Promise<Keeping> {
  // Resolves once it is on disk.
  await queue.send(frame, { contentType: 'bytes' });
  return { kept: 'queue' };
}

/** The object first: a claim may be redeemed the moment that it is sent. */
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

/** Create-once: null means that it is there, and then it holds the same delivery. */
export async function create(key: string, bytes: Uint8Array, objects: R2Bucket): Promise<void> {
  await objects.put(key, bytes, { onlyIf: { etagDoesNotMatch: '*' } });
}
