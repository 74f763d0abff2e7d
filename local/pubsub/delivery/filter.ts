import { invalid } from '../errors.ts';
import { messageType } from '../transport/protos.ts';

type Attributes = Readonly<Record<string, string>>;
type Test = (attributes: Attributes) => boolean;

const PubsubMessage = messageType('PubsubMessage');
const MAX_BYTES = 256;
const TOKEN = /\s*(?:([()]|!=|[:=.,])|("(?:[^"\\]|\\.)*")|([A-Za-z_][\w-]*)|(-))/y;

/**
 * A subscription's filter, as a test of an encoded PubsubMessage. The grammar is that of
 * https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax. Throws INVALID_ARGUMENT for
 * another text.
 */
export function parseFilter(text: string): (payload: Uint8Array) => boolean {
  if (Buffer.byteLength(text) > MAX_BYTES) throw refused(`it is longer than ${MAX_BYTES} bytes`);
  const test = new Parser(tokensOf(text)).whole();
  return (payload) => {
    const { attributes } = PubsubMessage.decode(payload) as unknown as { attributes: Attributes };
    return test(attributes);
  };
}

function refused(problem: string): Error {
  return invalid(`Invalid filter given: ${problem}.`);
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw refused(`character ${at + 1} is unexpected`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Test {
    const test = this.#expression();
    if (this.#peek() !== undefined) throw refused(`"${this.#peek()}" is unexpected`);
    return test;
  }

  /** AND and OR may not be mixed without parentheses. */
  #expression(): Test {
    const terms = [this.#term()];
    const operator = this.#peek();
    if (operator !== 'AND' && operator !== 'OR') return this.#only(terms);
    while (this.#takeIf(operator)) terms.push(this.#term());
    if (operator === 'AND') return (attributes) => terms.every((term) => term(attributes));
    return (attributes) => terms.some((term) => term(attributes));
  }

  #only([test]: readonly Test[]): Test {
    if (!test) throw refused('it is empty');
    return test;
  }

  #term(): Test {
    if (this.#takeIf('NOT') || this.#takeIf('-')) {
      const test = this.#term();
      return (attributes) => !test(attributes);
    }
    if (this.#takeIf('(')) {
      const test = this.#expression();
      this.#take(')');
      return test;
    }
    if (this.#takeIf('hasPrefix')) return this.#prefix();
    this.#take('attributes');
    if (this.#takeIf(':')) {
      const name = this.#name();
      return (attributes) => Object.hasOwn(attributes, name);
    }
    this.#take('.');
    const name = this.#name();
    const isEqual = this.#takeIf('=');
    if (!isEqual) this.#take('!=');
    const value = this.#text();
    // A message without the attribute is not equal to any value.
    return (attributes) => (attributes[name] === value) === isEqual;
  }

  #prefix(): Test {
    this.#take('(');
    this.#take('attributes');
    this.#take('.');
    const name = this.#name();
    this.#take(',');
    const prefix = this.#text();
    this.#take(')');
    return (attributes) => attributes[name]?.startsWith(prefix) === true;
  }

  #name(): string {
    const token = this.#peek() ?? '';
    if (token.startsWith('"')) return this.#text();
    if (!/^[A-Za-z_]/.test(token)) throw refused('the key of an attribute is missing');
    this.#next++;
    return token;
  }

  #text(): string {
    const token = this.#peek() ?? '';
    if (!token.startsWith('"')) throw refused('a value stands in double quotes');
    this.#next++;
    return token.slice(1, -1).replace(/\\(.)/g, '$1');
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #takeIf(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#next++;
    return true;
  }

  #take(token: string): void {
    if (!this.#takeIf(token)) throw refused(`"${token}" is missing before "${this.#peek() ?? ''}"`);
  }
}
