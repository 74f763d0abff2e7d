import fc from 'fast-check';
import { toBytes } from '../shared/delimited/read.ts';

/** One character, or a few, of those that the readers look for. */
export const unit = fc.oneof(
  fc.constantFrom(...'abAB019 ,;\t|"\r\n&=+%{}[]:\\/\'<>-_.'),
  fc.constantFrom(
    'é',
    '漢',
    '🙂',
    '\u0000',
    '\ufeff',
    '\ufffd',
    '\u2028',
    '%C3%A9',
    '%',
    '%zz',
    '\\u00e9',
    '\\ud83d',
  ),
);
export const soup = fc.string({ unit, maxLength: 40 });
export const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((made) => made.slice()),
  soup.map((text) => toBytes(text)),
);
