import { BigQueryError } from '../../errors.ts';
import type { Token } from '../lexer.ts';
import { isReserved } from '../reserved-words.ts';
import { describeToken } from '../syntax-error.ts';
import type { Expression, Query } from './trees/tree.ts';

/** The two rules of the grammar that all others refer to. */
export interface Grammar {
  expression(reader: Reader): Expression;
  query(reader: Reader): Query;
  /** An expression without comparisons. */
  operand(reader: Reader): Expression;
}

/** Reads the tokens of a statement in order. Keywords match in any case; a quoted word is never a keyword. */
export class Reader {
  readonly tokens: readonly Token[];
  at: number;
  /** How many `?` were read. */
  positional = 0;

  readonly #grammar: Grammar;

  constructor(tokens: readonly Token[], grammar: Grammar) {
    this.tokens = [...tokens];
    this.at = 0;
    this.#grammar = grammar;
  }

  expression(): Expression {
    return this.#grammar.expression(this);
  }

  query(): Query {
    return this.#grammar.query(this);
  }

  /** Whether a query may begin here, also in further brackets. */
  startsQuery(ahead = 0): boolean {
    let at = ahead;
    while (this.symbol(at) === '(') at += 1;
    return ['SELECT', 'WITH', 'FROM'].includes(this.word(at));
  }

  /** The query that ends before the next `)`, or undefined if the brackets hold another expression. */
  tryQuery(): Query | undefined {
    const { at, positional } = this;
    if (!this.startsQuery()) return undefined;
    const isBracketed = this.is('(');
    try {
      const query = this.query();
      if (this.is(')') || !isBracketed) return query;
    } catch (cause) {
      if (!isBracketed) throw cause;
    }
    this.at = at;
    this.positional = positional;
    return undefined;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  get pos(): number {
    return this.tokens[this.at]?.start ?? this.end;
  }

  /** The offset after the last token. */
  get end(): number {
    return this.tokens.at(-1)?.end ?? 0;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** The next token in capitals, if it is a word. */
  word(ahead = 0): string {
    const token = this.peek(ahead);
    return token?.kind === 'word' ? token.text.toUpperCase() : '';
  }

  symbol(ahead = 0): string {
    const token = this.peek(ahead);
    return token?.kind === 'symbol' ? token.text : '';
  }

  take(): Token {
    const token = this.tokens[this.at];
    if (token === undefined) throw this.unexpected();
    this.at += 1;
    return token;
  }

  is(...words: string[]): boolean {
    return words.every((word, ahead) => this.word(ahead) === word || this.symbol(ahead) === word);
  }

  accept(...words: string[]): boolean {
    if (!this.is(...words)) return false;
    this.at += words.length;
    return true;
  }

  expect(...words: string[]): void {
    for (const word of words) {
      if (!this.accept(word)) throw this.unexpected(word);
    }
  }

  /** An identifier that is not a reserved word. */
  identifier(): string {
    const token = this.peek();
    if (!isIdentifier(token)) throw this.unexpected();
    this.at += 1;
    return token.text;
  }

  /** After a dot every word is a name. */
  anyName(): string {
    const token = this.peek();
    if (token?.kind !== 'word' && token?.kind !== 'quoted') throw this.unexpected();
    this.at += 1;
    return token.text;
  }

  /** `[AS] alias`, if there is one. */
  alias(): string | undefined {
    if (this.accept('AS')) return this.identifier();
    return isIdentifier(this.peek()) && !this.#continues() ? this.identifier() : undefined;
  }

  /** Words that are not reserved, but go on with the query where an alias may stand. */
  #continues(): boolean {
    const [word, next] = [this.word(), this.word(1)];
    if (word === 'QUALIFY' || word === 'WINDOW') return true;
    if (word === 'PIVOT' || word === 'UNPIVOT') {
      return this.symbol(1) === '(' || next === 'INCLUDE' || next === 'EXCLUDE';
    }
    return word === 'OFFSET' || (word === 'AT' && next === 'TIME');
  }

  list<T>(read: () => T): T[] {
    const items = [read()];
    while (this.accept(',')) items.push(read());
    return items;
  }

  /** A list in brackets. */
  group<T>(read: () => T): T[] {
    this.expect('(');
    const items = this.list(read);
    this.expect(')');
    return items;
  }

  /** Takes one `>`, also out of `>>`. */
  closeAngle(): void {
    const token = this.peek();
    if (token?.kind === 'symbol' && token.text === '>>') {
      const rest = { ...token, text: '>', start: token.start + 1 };
      (this.tokens as Token[]).splice(this.at, 1, rest);
      return;
    }
    this.expect('>');
  }

  /** An expression that an `IN` follows, as in PIVOT. */
  expressionBeforeIn(): Expression {
    return this.#grammar.operand(this);
  }

  expected(what: string): BigQueryError {
    return this.syntax(`Expected ${what} but got ${this.#found()}`);
  }

  /** An error that is not one of syntax. */
  failure(message: string, offset: number): BigQueryError {
    return new BigQueryError('invalidQuery', message, { location: 'query', offset });
  }

  syntax(message: string): BigQueryError {
    return new BigQueryError('invalidQuery', `Syntax error: ${message}`, {
      location: 'query',
      offset: this.pos,
    });
  }

  #found(): string {
    const token = this.peek();
    return token === undefined ? 'end of script' : describeToken(token);
  }

  unexpected(wanted?: string): BigQueryError {
    const token = this.peek();
    const isIllegal = token?.kind === 'symbol' && /^[$!\\~`?]$/.test(token.text);
    if (isIllegal) return this.syntax(`Illegal input character "${token.text}"`);
    const expected = wanted === undefined ? undefined : EXPECTED[wanted];
    return expected === undefined
      ? this.syntax(`Unexpected ${this.#found()}`)
      : this.expected(expected);
  }
}

/** What BigQuery names as missing. For other words it names only what it found. */
const EXPECTED: Readonly<Record<string, string>> = {
  ')': '")"',
  ']': '"]"',
  END: 'keyword END',
};

export function isIdentifier(token: Token | undefined): token is Token {
  if (token?.kind === 'quoted') return true;
  return token?.kind === 'word' && !isReserved(token.text);
}
