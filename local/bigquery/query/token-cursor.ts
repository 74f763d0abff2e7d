import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { describeToken } from '../sql/syntax-error.ts';

/** The dotted path at `index`. An unquoted project name may contain dashes. */
export function readPath(
  tokens: readonly Token[],
  index: number,
): { path: string[]; next: number } {
  let text = '';
  let at = index;
  for (let token = tokens[at]; token !== undefined; token = tokens[++at]) {
    const isName = token.kind === 'word' || token.kind === 'quoted' || token.kind === 'number';
    const isLink = token.kind === 'symbol' && /^[.-]$/.test(token.text);
    const touches = text === '' || tokens[at - 1]?.end === token.start;
    if (!touches || !(isName || isLink)) break;
    text += token.text;
  }
  const path = text.split('.');
  if (path.some((part) => part === '')) throw unexpected(tokens[index]);
  return { path, next: at };
}

export function unexpected(token: Token | undefined): Error {
  const found = token === undefined ? 'end of script' : describeToken(token);
  return new BigQueryError('invalidQuery', `Syntax error: Unexpected ${found}`, {
    location: 'query',
    ...(token && { offset: token.start }),
  });
}

/** Reads a statement's tokens in order; keywords in any case. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  #at: number;

  constructor(tokens: readonly Token[], at = 0) {
    this.#tokens = tokens;
    this.#at = at;
  }

  get index(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  take(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw unexpected(token);
    return token;
  }

  /** Consumes the words if all of them come next. */
  accept(...words: string[]): boolean {
    const matches = words.every((word, offset) => {
      const token = this.#tokens[this.#at + offset];
      const mayMatch = token?.kind === 'word' || token?.kind === 'symbol';
      return mayMatch && token.text.toUpperCase() === word;
    });
    if (matches) this.#at += words.length;
    return matches;
  }

  expect(...words: string[]): void {
    if (!this.accept(...words)) throw unexpected(this.peek());
  }

  name(): string {
    const token = this.take();
    if (token.kind !== 'word' && token.kind !== 'quoted') throw unexpected(token);
    return token.text;
  }

  path(): string[] {
    const { path, next } = readPath(this.#tokens, this.#at);
    this.#at = next;
    return path;
  }

  /** Consumes a bracketed group and returns the tokens inside. */
  group(): Token[] {
    this.expect('(');
    const start = this.#at;
    for (let depth = 1; depth > 0; ) {
      const token = this.take();
      if (token.kind !== 'symbol') continue;
      if (token.text === '(') depth += 1;
      if (token.text === ')') depth -= 1;
    }
    return this.#tokens.slice(start, this.#at - 1);
  }
}
