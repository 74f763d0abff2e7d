import { parsePattern } from './parse.ts';
import { compileProgram, type Program, type Step } from './program.ts';
import { type Assertion, Refused } from './syntax.ts';

export type PatternReading =
  | { ok: true; test: (text: string) => boolean }
  /** `at` is an index of the pattern, in UTF-16 units. */
  | { ok: false; at: number; reason: string };

/**
 * A regular expression in RE2's syntax. `test` tells whether it matches anywhere in a text, in time
 * that is linear in the text's length whatever the pattern: the automaton is followed in all of its
 * states at once, and nothing is tried twice. Sets of states that were met are remembered, as in RE2.
 */
export function compilePattern(pattern: string): PatternReading {
  try {
    const matcher = new Matcher(compileProgram(parsePattern(pattern)));
    return { ok: true, test: (text) => matcher.test(text) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, at: error.at, reason: error.message };
    throw error;
  }
}

/** The character before the first and after the last. */
const none = -1;

/** What an assertion can tell of the character before it. */
type Before = 'nothing' | 'line-end' | 'word' | 'other';

/** Where the automaton stands between two characters. */
interface State {
  before: Before;
  waiting: readonly number[];
  /** What follows, by ASCII character; at 128, by the text's end. Filled in as it is met. */
  nexts: (State | boolean | undefined)[];
}

const endSlot = 128;
/** A pattern can have more states than there is memory; then those that were met are forgotten. */
const maxStates = 128;

class Matcher {
  readonly #steps: readonly Step[];
  readonly #start: number;
  /** By step: the last turn in which it was reached. Kept between tests, so that none clears it. */
  readonly #reachedIn: Float64Array;
  #turn = 0;
  readonly #pending: number[] = [];
  readonly #states = new Map<string, State>();
  #initial: State;

  constructor({ steps, start }: Program) {
    this.#steps = steps;
    this.#start = start;
    this.#reachedIn = new Float64Array(steps.length);
    this.#initial = this.#stateOf('nothing', []);
  }

  test(text: string): boolean {
    let state = this.#initial;
    for (let at = 0; ; ) {
      const char = text.codePointAt(at) ?? none;
      const slot = char === none ? endSlot : char;
      // Nearly always known: one look-up a character.
      let next = slot <= endSlot && char !== endSlot ? state.nexts[slot] : undefined;
      if (next === undefined) {
        next = this.#advance(state, char);
        if (char < endSlot) state.nexts[slot] = next;
      }
      if (typeof next === 'boolean') return next;
      state = next;
      at += char > 0xffff ? 2 : 1;
    }
  }

  /** The state after `char`; true where the pattern has matched, false where the text has ended. */
  #advance({ before, waiting }: State, char: number): State | boolean {
    const reached: number[] = [];
    this.#turn++;
    // A match may begin anywhere.
    if (this.#follow(this.#start, before, char, reached)) return true;
    for (const step of waiting) if (this.#follow(step, before, char, reached)) return true;
    if (char === none) return false;
    const kind = char === 0x0a ? 'line-end' : isWord(char) ? 'word' : 'other';
    return this.#stateOf(kind, this.#take(reached, char));
  }

  #stateOf(before: Before, steps: readonly number[]): State {
    const waiting = [...new Set(steps)].sort((a, b) => a - b);
    const key = `${before} ${waiting.join()}`;
    const known = this.#states.get(key);
    if (known) return known;
    const state: State = { before, waiting, nexts: new Array(endSlot + 1).fill(undefined) };
    if (this.#states.size >= maxStates) {
      this.#states.clear();
      // What it has led to would keep the forgotten ones alive.
      this.#initial = { before: 'nothing', waiting: [], nexts: [] };
    }
    this.#states.set(key, state);
    return state;
  }

  /** The steps after those of `reached` that accept the character. */
  #take(reached: readonly number[], char: number): number[] {
    const nexts: number[] = [];
    for (const index of reached) {
      const step = this.#steps[index];
      if (step?.is === 'char' && step.test(char)) nexts.push(step.next);
    }
    return nexts;
  }

  /** Adds to `reached` what waits for a character; true where the pattern has matched. */
  #follow(from: number, before: Before, after: number, reached: number[]): boolean {
    const pending = this.#pending;
    pending.length = 0;
    pending.push(from);
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (this.#reachedIn[index] === this.#turn) continue;
      this.#reachedIn[index] = this.#turn;
      const step = this.#steps[index];
      if (step?.is === 'match') return true;
      if (step?.is === 'char') reached.push(index);
      else if (step?.is === 'split') pending.push(...step.nexts);
      else if (step && holds(step.assertion, before, after)) pending.push(step.next);
    }
    return false;
  }
}

function holds(assertion: Assertion, before: Before, after: number): boolean {
  switch (assertion) {
    case 'text-start':
      return before === 'nothing';
    case 'text-end':
      return after === none;
    case 'line-start':
      return before === 'nothing' || before === 'line-end';
    case 'line-end':
      return after === none || after === 0x0a;
    case 'word-edge':
      return (before === 'word') !== isWord(after);
    case 'no-word-edge':
      return (before === 'word') === isWord(after);
  }
}

function isWord(char: number): boolean {
  return (
    (char >= 0x61 && char <= 0x7a) ||
    (char >= 0x41 && char <= 0x5a) ||
    (char >= 0x30 && char <= 0x39) ||
    char === 0x5f
  );
}
