import type { SentBody } from './body-formats.ts';
import { markedCharset } from './text.ts';

/** Said about a column. */
export const notText = 'is not UTF-8';
export const replaced = `${notText}: U+FFFD stands for what is not`;

const replacement = '\ufffd';

/** U+FFFD as a sender may write it: in UTF-8 (here read byte by byte), escaped in a form, or in JSON. */
const written = /ï¿½|%ef%bf%bd|\\ufffd/i;

const oneByteDecoder = new TextDecoder('windows-1252');

/** Whether U+FFFD stands in a text for bytes that are not text in its charset. */
export type LossTest = (text: string) => boolean;

/** Tests texts that were read from a delivery. The body is searched only if one has U+FFFD, and only once. */
export function lossTest({
  body,
  query,
}: Pick<SentBody, 'body'> & { query?: string | undefined }): LossTest {
  let isSent: boolean | undefined;
  return (text) => {
    if (!text.includes(replacement)) return false;
    isSent ??=
      // UTF-16 is decoded whole or not at all.
      markedCharset(body) !== undefined ||
      written.test(oneByteDecoder.decode(body)) ||
      (query !== undefined && (query.includes(replacement) || written.test(query)));
    return !isSent;
  };
}
