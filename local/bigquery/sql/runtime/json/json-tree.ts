/** A JSON document whose numbers keep their text, and whose objects keep the first of equal keys. */
export type Json = null | boolean | string | JsonNumber | Json[] | JsonObject | JsonStruct;
type JsonObject = Map<string, Json>;

/** A STRUCT that is only printed: its keys may repeat. */
export class JsonStruct {
  readonly members: readonly (readonly [string, Json])[];

  constructor(members: readonly (readonly [string, Json])[]) {
    this.members = members;
  }
}

export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text);
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids control characters in strings.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** Throws for a text that is not JSON. */
export function parseJson(text: string): Json {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

/** Undefined for a text that is not JSON. */
export function tryParseJson(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Json {
    if (depth > 500) throw new Error('Invalid input: JSON nested too deeply');
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#error();
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = new Map();
    this.#at += 1;
    for (let first = true; !this.#closes('}', first); first = false) {
      if (this.#text[this.#at] !== '"') throw this.#error();
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at++] !== ':') throw this.#error();
      const value = this.value(depth + 1);
      if (!object.has(key)) object.set(key, value);
    }
    return object;
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    this.#at += 1;
    for (let first = true; !this.#closes(']', first); first = false)
      items.push(this.value(depth + 1));
    return items;
  }

  /** Whether the container ends here; else a comma is read, except before the first item. */
  #closes(close: string, first: boolean): boolean {
    this.#space();
    const char = this.#text[this.#at];
    if (char === close) {
      this.#at += 1;
      return true;
    }
    if (first) return false;
    if (char !== ',') throw this.#error();
    this.#at += 1;
    this.#space();
    return false;
  }

  #string(): string {
    return JSON.parse(this.#match(STRING)) as string;
  }

  #word(): Json {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return new JsonNumber(this.#match(NUMBER));
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.#error();
    this.#at += found.length;
    return found;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #error(): Error {
    const found = this.#text.slice(this.#at, this.#at + 20);
    return new Error(`Invalid input to JSON: syntax error at offset ${this.#at} near '${found}'`);
  }
}
