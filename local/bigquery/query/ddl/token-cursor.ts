import { BigQueryError } from '../../errors.ts';
import type { Token } from '../../sql/lexer.ts';
import { describeToken } from '../../sql/syntax-error.ts';

/** The dotted path at `index`. An unquoted project name may contain dashes. */
function readPath(tokens: readonly Token[], index: number): { path: string[]; next: number } {
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

  #follow(): void {
    if (this.#follower === undefined || this.#at <= this.#follower.skip) return;
    const { cursor, skip } = this.#follower;
    cursor.#at = cursor.#base + this.#at - skip;
  }
  #base = 0;

  get index(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  /** The tokens from an index up to the next one. */
  slice(start: number): Token[] {
    return this.#tokens.slice(start, this.#at);
  }

  /** Whether the words come next. */
  is(...words: string[]): boolean {
    return words.every((word, offset) => {
      const token = this.#tokens[this.#at + offset];
      const mayMatch = token?.kind === 'word' || token?.kind === 'symbol';
      return mayMatch && token.text.toUpperCase() === word;
    });
  }

  take(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw unexpected(token);
    this.#follow();
    return token;
  }

  /** Consumes the words if all of them come next. */
  accept(...words: string[]): boolean {
    const matches = this.is(...words);
    if (matches) {
      this.#at += words.length;
      this.#follow();
    }
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

  /** A cursor over the same tokens, with words before the next one; what it reads, this one has read as well. */
  before(words: readonly string[]): TokenCursor {
    this.#base = this.#at;
    const start = this.peek()?.start ?? 0;
    const added = words.map((text): Token => ({ kind: 'quoted', text, start, end: start }));
    const cursor = new TokenCursor([
      ...added.map((token, index) => (index === 0 ? token : { ...token, kind: 'word' as const })),
      ...this.#tokens.slice(this.#at),
    ]);
    cursor.#follower = { cursor: this, skip: words.length };
    return cursor;
  }
  #follower: { cursor: TokenCursor; skip: number } | undefined;

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
