import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Envelope } from '../../shared/envelope.ts';
import { type Coding, codingsOf, isZlib } from '../../shared/formats/coding.ts';

export type InflatedEnvelope = { ok: true; envelope: Envelope } | { ok: false; reason: string };

/**
 * Undoes the sender's Content-Encoding. A dead letter still holds the bytes as they arrived.
 *
 * @param cap how many bytes the decoded body may have
 */
export function inflateEnvelope(envelope: Envelope, cap: number): InflatedEnvelope {
  const { contentEncoding } = envelope;
  if (contentEncoding === undefined || envelope.method === 'GET') return { ok: true, envelope };
  const codings = codingsOf(contentEncoding);
  if (!codings) return { ok: false, reason: 'its Content-Encoding is none that is known' };
  let { body } = envelope;
  try {
    for (const coding of codings) if (body.byteLength > 0) body = undo(coding, body, cap);
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return {
      ok: false,
      reason: isTooLarge
        ? `the body is more than ${cap} bytes once its Content-Encoding is undone`
        : 'the body is not what its Content-Encoding says, or is cut',
    };
  }
  return { ok: true, envelope: body === envelope.body ? envelope : { ...envelope, body } };
}

function undo(coding: Coding, body: Uint8Array, maxOutputLength: number): Uint8Array {
  switch (coding) {
    case 'gzip':
      return gunzipSync(body, { maxOutputLength });
    case 'deflate':
      return isZlib(body)
        ? inflateSync(body, { maxOutputLength })
        : inflateRawSync(body, { maxOutputLength });
    case 'br':
      return brotliDecompressSync(body, { maxOutputLength });
  }
}
