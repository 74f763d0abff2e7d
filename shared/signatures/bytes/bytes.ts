/** Bytes that WebCrypto takes as they are: over an ArrayBuffer of their own, not a shared one. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** `text` in UTF-8. The Workers' types leave open which buffer TextEncoder fills; it is never shared. */
export function toBytes(text: string): Bytes {
  return encoder.encode(text) as Bytes;
}
