import type { ClassItems, Range } from './char-set.ts';
import { parseEscape } from './parse-escape.ts';
import { Refused } from './syntax.ts';

interface ParsedClass {
  items: Omit<ClassItems, 'ignoresCase'>;
  /** The index after the `]`. */
  end: number;
}

/**
 * @param start the index after the `[`
 * @throws Refused
 */
export function parseClass(text: string, start: number): ParsedClass {
  const written: Range[] = [];
  const named: Range[] = [];
  const negated = text[start] === '^';
  const first = negated ? start + 1 : start;
  // A ] that comes first is a member.
  for (let at = first; at === first || text[at] !== ']'; ) {
    const low = parseMember(text, at, start - 1);
    at = low.end;
    if ('named' in low) {
      named.push(...low.named);
    } else if (text[at] === '-' && text[at + 1] !== ']') {
      const high = parseMember(text, at + 1, start - 1);
      if ('named' in high || high.char < low.char) {
        throw new Refused(at, 'this range ends before it begins');
      }
      written.push([low.char, high.char]);
      at = high.end;
    } else {
      written.push([low.char, low.char]);
    }
    if (at >= text.length) throw new Refused(start - 1, 'this [ is never closed');
    if (text[at] === ']') return { items: { written, named, negated }, end: at + 1 };
  }
  throw new Refused(start - 1, 'this [ is never closed');
}

type Member = { char: number; end: number } | { named: readonly Range[]; end: number };

function parseMember(text: string, at: number, open: number): Member {
  const char = text.codePointAt(at);
  if (char === undefined) throw new Refused(open, 'this [ is never closed');
  if (text.startsWith('[:', at)) {
    throw new Refused(at, 'classes such as [:alpha:] are not known: write their characters');
  }
  if (text[at] !== '\\') return { char, end: at + (char > 0xffff ? 2 : 1) };
  const escaped = parseEscape(text, at + 1);
  if ('assertion' in escaped) {
    throw new Refused(
      at,
      `${text.slice(at, escaped.end)} is no character, and cannot be in a class`,
    );
  }
  return escaped;
}
