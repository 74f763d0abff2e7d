import type { Message } from '../publish/message.ts';

/**
 * The format of a message in overflow: a line of JSON with its attributes, then its data as bytes. Or, in the queue,
 * a claim: a line that names the object with the frame (the claim check pattern).
 */
export type Frame = { message: Message } | { object: string };

const newline = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes, not base64: base64 takes a third more of the queue's limit. */
export function toFrame({ attributes, data }: Message): Uint8Array {
  // JSON.stringify escapes line breaks, so the first one ends the JSON.
  const head = encoder.encode(`${JSON.stringify({ attributes })}\n`);
  const frame = new Uint8Array(head.byteLength + data.byteLength);
  frame.set(head);
  frame.set(data, head.byteLength);
  return frame;
}

export function toClaim(object: string): Uint8Array {
  return encoder.encode(`${JSON.stringify({ object })}\n`);
}

/** Undefined if the bytes are neither a message nor a claim. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
  const end = bytes.indexOf(newline);
  const head = parse(decoder.decode(bytes.subarray(0, end < 0 ? bytes.byteLength : end)));
  if (typeof head?.object === 'string') return { object: head.object };
  if (end < 0 || !isAttributes(head?.attributes)) return undefined;
  return { message: { attributes: head.attributes, data: bytes.subarray(end + 1) } };
}

function parse(text: string): { object?: unknown; attributes?: unknown } | null {
  try {
    return JSON.parse(text) as ReturnType<typeof parse>;
  } catch {
    return null;
  }
}

function isAttributes(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    // Every message of the edge has these; they name the object that a message is parked under.
    'stream' in value &&
    'delivery_id' in value &&
    Object.values(value).every((one) => typeof one === 'string')
  );
}
