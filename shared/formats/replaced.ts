import type { SentBody } from './body-formats.ts';
import { markedCharset } from './text.ts';

/** Said of a column. */
export const notText = 'is not UTF-8';
export const replaced = `${notText}: U+FFFD stands for what is not`;

const replacement = '\ufffd';

/** U+FFFD as a sender may write it: in UTF-8 (here read byte by byte), escaped in a form, or in JSON. */
const written = /ï¿½|%ef%bf%bd|\\ufffd/i;

const oneByteDecoder = new TextDecoder('windows-1252');

/** Does U+FFFD stand in a text for bytes that fit no charset? */
export type LossTest = (text: string) => boolean;

/** Of texts that were read of a delivery. It is only looked through where one of them holds U+FFFD, and once. */
export function lossTest({
  body,
  query,
}: Pick<SentBody, 'body'> & { query?: string | undefined }): LossTest {
  let isSent: boolean | undefined;
  return (text) => {
    if (!text.includes(replacement)) return false;
    isSent ??=
      // UTF-16 is read whole or not at all.
      markedCharset(body) !== undefined ||
      written.test(oneByteDecoder.decode(body)) ||
      (query !== undefined && (query.includes(replacement) || written.test(query)));
    return !isSent;
  };
}
