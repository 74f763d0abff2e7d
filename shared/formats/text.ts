export type Decoding = { ok: true; text: string } | { ok: false; problem: string };

// ignoreBOM: a byte order mark stays, as any other character.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Charsets whose bytes can all be ASCII and still mean other characters. */
const notAsciiCompatible = /^(utf-?16|unicode|ucs-2|csunicode|iso-10646|iso-2022)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they mark these charsets
const telltale = /[\u0000\u001b]/;

/**
 * Bytes as text. The bytes decide first, because no signature covers a Content-Type: a UTF-16 byte order mark, or valid
 * UTF-8. Other bytes are read in the declared charset, by the names of the Encoding standard
 * (https://encoding.spec.whatwg.org: ISO-8859-1 is windows-1252).
 *
 * @param charset the declared one, if any
 */
export function decodeText(bytes: Uint8Array, charset: string | undefined): Decoding {
  const marked = markedCharset(bytes);
  if (marked === undefined) {
    const text = decode(utf8, bytes);
    const isOther = charset !== undefined && notAsciiCompatible.test(charset);
    if (text !== undefined && !(isOther && telltale.test(text))) return { ok: true, text };
  }
  const label = marked ?? charset;
  if (label === undefined) return { ok: false, problem: 'not UTF-8' };
  const decoder = decoderOf(label);
  if (!decoder) return { ok: false, problem: 'not UTF-8, and of a charset that is not known' };
  const text = decode(decoder, bytes);
  if (text !== undefined) return { ok: true, text };
  return { ok: false, problem: `not ${decoder.encoding.toUpperCase()}` };
}

/** The same without the byte order marks at its beginning. */
export function decodeUnmarked(bytes: Uint8Array, charset: string | undefined): Decoding {
  return withoutMarks(decodeText(bytes, charset));
}

export function withoutMarks(decoding: Decoding): Decoding {
  return decoding.ok && decoding.text.startsWith('\ufeff')
    ? { ok: true, text: decoding.text.replace(/^\ufeff+/, '') }
    : decoding;
}

/** Bytes that are not text become U+FFFD: for a field of a form, because the other fields are good. */
export function decodeLossy(bytes: Uint8Array, charset: string | undefined): string {
  // The decoder that is not fatal gives the same text, without an exception for each field.
  if (charset === undefined && markedCharset(bytes) === undefined) return lossyUtf8.decode(bytes);
  const decoding = decodeText(bytes, charset);
  return decoding.ok ? decoding.text : lossyUtf8.decode(bytes);
}

const lossyUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** UTF-16's byte order marks, neither of which UTF-8 can begin with. */
export function markedCharset(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

type Decoder = InstanceType<typeof TextDecoder>;

function decoderOf(label: string): Decoder | undefined {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true });
  } catch {
    return undefined;
  }
}

function decode(decoder: Decoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
