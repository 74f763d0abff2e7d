// Encodes deliveries straight from the stored bytes. A stored PubsubMessage lacks only message_id and
// publish_time, and protobuf fields may come in any order. Both PullResponse and StreamingPullResponse
// have received_messages as field 1.

/** One message for a subscriber. */
export interface Delivery {
  readonly ackId: string;
  readonly key: number;
  readonly publishedMs: number;
  readonly payload: Buffer;
  /** 0 without a dead-letter policy. */
  readonly attempt: number;
}

const LENGTH_DELIMITED = 2;
const RECEIVED_MESSAGES = (1 << 3) | LENGTH_DELIMITED;
const ACK_ID = (1 << 3) | LENGTH_DELIMITED;
const MESSAGE = (2 << 3) | LENGTH_DELIMITED;
const DELIVERY_ATTEMPT = 3 << 3;
const MESSAGE_ID = (3 << 3) | LENGTH_DELIMITED;
const PUBLISH_TIME = (4 << 3) | LENGTH_DELIMITED;
const SECONDS = 1 << 3;
const NANOS = 2 << 3;

/** Encodes deliveries as a PullResponse, which is also a StreamingPullResponse. */
export function encodeDeliveries(deliveries: readonly Delivery[]): Buffer {
  const plans = deliveries.map(plan);
  const size = plans.reduce((sum, { received }) => sum + 1 + varintSize(received) + received, 0);
  const out = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const delivery of plans) offset = writeDelivery(out, offset, delivery);
  return out;
}

interface Plan extends Delivery {
  readonly messageId: string;
  readonly time: Buffer;
  /** The lengths of the PubsubMessage, and of the ReceivedMessage around it. */
  readonly message: number;
  readonly received: number;
}

function plan(delivery: Delivery): Plan {
  const { ackId, key, publishedMs, payload, attempt } = delivery;
  const messageId = String(key);
  const time = timestamp(publishedMs);
  const message = payload.length + 2 + messageId.length + 2 + time.length;
  const attempts = attempt > 0 ? 1 + varintSize(attempt) : 0;
  const received = 2 + ackId.length + 1 + varintSize(message) + message + attempts;
  return { ackId, key, publishedMs, payload, attempt, messageId, time, message, received };
}

function writeDelivery(out: Buffer, start: number, plan: Plan): number {
  let offset = start;
  out[offset++] = RECEIVED_MESSAGES;
  offset = writeVarint(out, offset, plan.received);
  offset = writeText(out, offset, ACK_ID, plan.ackId);
  if (plan.attempt > 0) {
    out[offset++] = DELIVERY_ATTEMPT;
    offset = writeVarint(out, offset, plan.attempt);
  }
  out[offset++] = MESSAGE;
  offset = writeVarint(out, offset, plan.message);
  out.set(plan.payload, offset);
  offset += plan.payload.length;
  offset = writeText(out, offset, MESSAGE_ID, plan.messageId);
  out[offset++] = PUBLISH_TIME;
  out[offset++] = plan.time.length;
  out.set(plan.time, offset);
  return offset + plan.time.length;
}

/** ASCII, under 128 bytes: ack ids and message ids. */
function writeText(out: Buffer, offset: number, tag: number, text: string): number {
  out[offset] = tag;
  out[offset + 1] = text.length;
  return offset + 2 + out.write(text, offset + 2, 'latin1');
}

let latest = { ms: -1, bytes: Buffer.alloc(0) };

/** A google.protobuf.Timestamp. The last one is cached, because most neighbours share their time. */
function timestamp(ms: number): Buffer {
  if (latest.ms !== ms) {
    const bytes = Buffer.alloc(16);
    bytes[0] = SECONDS;
    let offset = writeVarint(bytes, 1, Math.floor(ms / 1000));
    bytes[offset++] = NANOS;
    offset = writeVarint(bytes, offset, (ms % 1000) * 1_000_000);
    latest = { ms, bytes: bytes.subarray(0, offset) };
  }
  return latest.bytes;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let offset = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out[offset++] = (rest % 128) | 128;
  out[offset++] = rest;
  return offset;
}
