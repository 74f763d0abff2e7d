import { checkConfig } from '../../shared/config/check/check-config.ts';
import type { Relay, RelayStream, Stream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import type { Filter } from '../../shared/filters/condition.ts';

/**
 * The filter of a command line: JSON, or an object as tributary.config.ts has it. It is checked as if the stream had it.
 *
 * @throws RelayError `filter.unreadable`, or `config.invalid` with each path
 */
export function readFilter(text: string, stream: RelayStream, relay: Relay): Filter {
  const value = new ObjectReader(text).read();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable('it is not an object');
  }
  const filter = value as Filter;
  const { name, ...own } = stream;
  const { project, publicUrl } = relay;
  checkConfig({
    project,
    ...(publicUrl !== undefined && { publicUrl }),
    streams: { [name]: { ...own, filter } as Stream },
  });
  return filter;
}

function unreadable(problem: string): RelayError {
  return new RelayError('filter.unreadable', `--filter can't be read: ${problem}`);
}

const token =
  /\s*(?:\/\/[^\n]*\s*)*(?:([{}[\],:])|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*`)|(-?\d[\w.+-]*)|([A-Za-z_$][\w$]*))/y;

const words = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** Reads JSON and what TypeScript adds to it: bare names, single quotes, commas at the end, bigints, comments. */
class ObjectReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    const value = this.#value();
    if (this.#text.slice(this.#at).trim() !== '') throw this.#unexpected();
    return value;
  }

  #value(): unknown {
    const [, sign, quoted, number, word] = this.#next();
    if (sign === '{') return this.#object();
    if (sign === '[') return this.#array();
    if (quoted !== undefined) return unquote(quoted);
    if (number !== undefined) return this.#number(number);
    if (word !== undefined && words.has(word)) return words.get(word);
    throw this.#unexpected();
  }

  #object(): Record<string, unknown> {
    const members: [string, unknown][] = [];
    while (!this.#takes('}')) {
      const [, , quoted, , word] = this.#next();
      const name = quoted === undefined ? word : unquote(quoted);
      if (name === undefined || !this.#takes(':')) throw this.#unexpected();
      members.push([name, this.#value()]);
      if (!this.#takes(',') && !this.#isNext('}')) throw this.#unexpected();
    }
    return Object.fromEntries(members);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    while (!this.#takes(']')) {
      items.push(this.#value());
      if (!this.#takes(',') && !this.#isNext(']')) throw this.#unexpected();
    }
    return items;
  }

  #number(text: string): number | bigint {
    if (/^-?\d+n$/.test(text)) return BigInt(text.slice(0, -1));
    const value = Number(text.replaceAll('_', ''));
    if (Number.isNaN(value)) throw this.#unexpected();
    return value;
  }

  #next(): RegExpExecArray {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text);
    if (!found) throw this.#unexpected();
    this.#at = token.lastIndex;
    return found;
  }

  #takes(sign: string): boolean {
    const isNext = this.#isNext(sign);
    if (isNext) this.#next();
    return isNext;
  }

  #isNext(sign: string): boolean {
    token.lastIndex = this.#at;
    return token.exec(this.#text)?.[1] === sign;
  }

  #unexpected(): RelayError {
    const rest = this.#text.slice(this.#at).trimStart();
    const found =
      rest === '' ? 'it ends too early' : `unexpected text before or at "${rest.slice(0, 20)}"`;
    return unreadable(`${found} (character ${this.#at + 1})`);
  }
}

function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u([\da-fA-F]{4})|(.))/gs, (_, code?: string, char = '') =>
      code === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
    );
}
