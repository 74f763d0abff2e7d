import type { Token } from './lexer.ts';
import { isReserved } from './reserved-words.ts';

/** A token as BigQuery names it in an error of syntax. */
export function describeToken(token: Token): string {
  const { kind, text } = token;
  switch (kind) {
    case 'word':
      return isReserved(text) ? `keyword ${text.toUpperCase()}` : `identifier "${text}"`;
    case 'quoted':
      return `identifier \`${text}\``;
    case 'number':
      return `${/^\d+$|^0x/i.test(text) ? 'integer' : 'floating point'} literal "${text}"`;
    case 'string':
    case 'bytes':
      return `${kind} literal "${text}"`;
    case 'parameter':
      return text === '' ? '"?"' : '"@"';
    case 'symbol':
      return `"${text}"`;
  }
}
