import { charTest, type Range } from './char-set.ts';
import { parseClass } from './parse-class.ts';
import { parseEscape } from './parse-escape.ts';
import { type Assertion, Refused, type Syntax } from './syntax.ts';

const maxLength = 1024;
/** RE2's own bound. */
const maxRepeat = 1000;

interface Flags {
  /** Letters of either case are alike. */
  i: boolean;
  /** `^` and `$` stand at the lines' ends too. */
  m: boolean;
  /** `.` matches a line end. */
  s: boolean;
}

const lineEnd: readonly Range[] = [[0x0a, 0x0a]];

/**
 * Reads RE2's syntax, without what event filters have no use for (Unicode classes, POSIX classes,
 * octal and quoted literals) and with nothing that needs backtracking.
 *
 * @throws Refused
 */
export function parsePattern(pattern: string): Syntax {
  if (pattern.length > maxLength) {
    throw new Refused(maxLength, `a pattern has ${maxLength} characters at most`);
  }
  const parser = new Parser(pattern);
  const syntax = parser.either();
  if (!parser.ended) throw new Refused(parser.at, 'this ) closes no group');
  return syntax;
}

class Parser {
  readonly #text: string;
  at = 0;
  #flags: Flags = { i: false, m: false, s: false };

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.at >= this.#text.length;
  }

  /** Up to the end of the pattern, or to the `)` that closes this group. */
  either(): Syntax {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    const [only] = parts;
    return only && parts.length === 1 ? only : { is: 'either', parts };
  }

  #sequence(): Syntax {
    const parts: Syntax[] = [];
    while (!this.ended && !this.#sees('|') && !this.#sees(')')) {
      const part = this.#atom();
      if (part) parts.push(this.#repeated(part));
    }
    return { is: 'sequence', parts };
  }

  /** Undefined for a group that only sets flags. */
  #atom(): Syntax | undefined {
    const start = this.at;
    if (this.#take('(')) return this.#group(start);
    if (this.#take('[')) {
      const { items, end } = parseClass(this.#text, this.at);
      this.at = end;
      return { is: 'char', test: charTest({ ...items, ignoresCase: this.#flags.i }) };
    }
    if (this.#take('\\')) return this.#escape();
    if (this.#take('.')) return this.#chars(this.#flags.s ? [] : lineEnd, true);
    if (this.#take('^')) return this.#assertion(this.#flags.m ? 'line-start' : 'text-start');
    if (this.#take('$')) return this.#assertion(this.#flags.m ? 'line-end' : 'text-end');
    if (this.#sees('*') || this.#sees('+') || this.#sees('?')) {
      throw new Refused(start, `nothing stands before this ${this.#text[start]} to repeat`);
    }
    const char = this.#text.codePointAt(start) ?? 0;
    this.at += char > 0xffff ? 2 : 1;
    return this.#chars([[char, char]]);
  }

  #escape(): Syntax {
    const escaped = parseEscape(this.#text, this.at);
    this.at = escaped.end;
    if ('assertion' in escaped) return this.#assertion(escaped.assertion);
    if ('named' in escaped) {
      const named = { written: [], named: escaped.named, negated: false, ignoresCase: false };
      return { is: 'char', test: charTest(named) };
    }
    return this.#chars([[escaped.char, escaped.char]]);
  }

  #assertion(assertion: Assertion): Syntax {
    return { is: 'assertion', assertion };
  }

  #chars(written: readonly Range[], negated = false): Syntax {
    return {
      is: 'char',
      test: charTest({ written, named: [], negated, ignoresCase: this.#flags.i }),
    };
  }

  #group(start: number): Syntax | undefined {
    const outer = this.#flags;
    if (this.#take('?') && this.#groupKind(start) === 'flags') return undefined;
    const inside = this.either();
    if (!this.#take(')')) throw new Refused(start, 'this ( is never closed');
    // Flags that are set inside a group end with it.
    this.#flags = outer;
    return inside;
  }

  /** After `(?`. The flags of `(?i)` hold for what follows in the group around it. */
  #groupKind(start: number): 'group' | 'flags' {
    const rest = this.#text.slice(this.at);
    if (/^<?[=!]/.test(rest)) {
      throw new Refused(start, 'look-around cannot be matched in linear time');
    }
    const name = /^P?<\w+>/.exec(rest);
    if (name) {
      this.at += name[0].length;
      return 'group';
    }
    const flags = /^([ims]*)(?:-([ims]+))?([:)])/.exec(rest);
    if (!flags || flags[0] === ')') {
      throw new Refused(start, 'no such group: there are (…), (?:…), (?<name>…), (?i), (?m), (?s)');
    }
    this.#flags = { ...this.#flags };
    for (const flag of flags[1] ?? '') this.#flags[flag as keyof Flags] = true;
    for (const flag of flags[2] ?? '') this.#flags[flag as keyof Flags] = false;
    this.at += flags[0].length;
    return flags[3] === ')' ? 'flags' : 'group';
  }

  #repeated(part: Syntax): Syntax {
    const at = this.at;
    const times = this.#times();
    if (!times) return part;
    // Lazy or greedy, the same texts match.
    this.#take('?');
    const again = this.at;
    if (this.#times()) throw new Refused(again, 'a repetition is not repeated without a group');
    return { is: 'repeat', part, ...times, at };
  }

  #times(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    // Any other { is a character, as in RE2.
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.at));
    if (!counted) return undefined;
    const [written, least = '', comma, most = ''] = counted;
    const min = Number(least);
    const max = comma === undefined ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most);
    if (min > maxRepeat || (most !== '' && max > maxRepeat)) {
      throw new Refused(this.at, `nothing is repeated more than ${maxRepeat} times`);
    }
    if (min > max) throw new Refused(this.at, `${written} asks for more at least than at most`);
    this.at += written.length;
    return { min, max };
  }

  #sees(char: string): boolean {
    return this.#text[this.at] === char;
  }

  #take(char: string): boolean {
    if (!this.#sees(char)) return false;
    this.at++;
    return true;
  }
}
