// The documented limits of one publish request: cloud.google.com/pubsub/quotas#resource_limits
// and cloud.google.com/pubsub/docs/publisher#using-attributes.

import { invalid } from './errors.ts';

/** The documentation says "10 MB"; the service counts 10 MiB, over gRPC and REST. */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_MESSAGES = 1000;
const MAX_ATTRIBUTES = 100;
const MAX_ATTRIBUTE_KEY_BYTES = 256;
const MAX_ATTRIBUTE_VALUE_BYTES = 1024;
const MAX_ORDERING_KEY_BYTES = 1024;
/** For one acknowledge or modifyAckDeadline request. */
const MAX_ACK_REQUEST_BYTES = 512 * 1024;

// `goog` is reserved for Google, but its client libraries send trace context as `googclient_`.
const RESERVED_KEY = /^goog(?!client_)/;

export interface PublishedMessage {
  readonly data?: Uint8Array | string | null;
  readonly attributes?: Record<string, string> | null;
  readonly orderingKey?: string | null;
}

/** Throws INVALID_ARGUMENT that names the first exceeded limit. */
export function checkPublish(messages: readonly PublishedMessage[], requestBytes: number): void {
  if (requestBytes > MAX_REQUEST_BYTES) {
    throw invalid(`Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`);
  }
  if (messages.length === 0) {
    throw invalid('The value for message_count is too small: a request holds at least 1 message.');
  }
  if (messages.length > MAX_MESSAGES) {
    throw invalid(
      `The value for message_count is too large. You passed ${messages.length} in the request, but the maximum value is ${MAX_MESSAGES}.`,
    );
  }
  messages.forEach(checkMessage);
}

function checkMessage(message: PublishedMessage, index: number): void {
  const attributes = Object.entries(message.attributes ?? {});
  if (attributes.length === 0 && (message.data ?? '').length === 0) {
    throw invalid(
      `messages[${index}] is empty: a message has non-empty data or at least one attribute.`,
    );
  }
  if (attributes.length > MAX_ATTRIBUTES) {
    throw invalid(
      `messages[${index}] has ${attributes.length} attributes; the maximum is ${MAX_ATTRIBUTES}.`,
    );
  }
  for (const [key, value] of attributes) checkAttribute(key, value, index);
  checkBytes(message.orderingKey ?? '', MAX_ORDERING_KEY_BYTES, `messages[${index}].ordering_key`);
}

function checkAttribute(key: string, value: string, index: number): void {
  if (RESERVED_KEY.test(key)) {
    throw invalid(
      `messages[${index}] has the attribute key "${key}": a key must not start with "goog".`,
    );
  }
  checkBytes(key, MAX_ATTRIBUTE_KEY_BYTES, `an attribute key of messages[${index}]`);
  checkBytes(value, MAX_ATTRIBUTE_VALUE_BYTES, `messages[${index}].attributes["${key}"]`);
}

function checkBytes(text: string, most: number, what: string): void {
  // One UTF-16 unit is at most 3 bytes of UTF-8, so short texts need no exact count.
  if (text.length * 3 <= most) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > most) throw invalid(`${what} has ${bytes} bytes; the maximum is ${most}.`);
}

export function checkAckRequest(requestBytes: number): void {
  if (requestBytes > MAX_ACK_REQUEST_BYTES) {
    throw invalid(`Request payload size exceeds the limit: ${MAX_ACK_REQUEST_BYTES} bytes.`);
  }
}
