/** An envelope as Pub/Sub takes it: shared/envelope.ts. */
export interface Message {
  attributes: Record<string, string>;
  data: Uint8Array;
}

/**
 * The JSON of a message in a publish request.
 *
 * The base64 is inserted, not stringified: it needs no escaping, and a body of 7 MiB should be copied as little as
 * possible in an isolate of 128 MB.
 */
export function toMessageText({ attributes, data }: Message): string {
  return `{"attributes":${JSON.stringify(attributes)},"data":"${data.toBase64()}"}`;
}
