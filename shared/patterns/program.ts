import type { CharTest } from './char-set.ts';
import { type Assertion, Refused, type Syntax } from './syntax.ts';

/** One step; `next` and the like are the indices of other steps. */
export type Step =
  | { is: 'match' }
  | { is: 'char'; test: CharTest; next: number }
  | { is: 'assertion'; assertion: Assertion; next: number }
  | { is: 'split'; nexts: number[] };

/** Steps of an automaton, without a state of its own. */
export interface Program {
  steps: readonly Step[];
  start: number;
}

/** The time of a match grows with this times the text's length, so both have a bound. */
const maxSteps = 1000;

/**
 * Thompson's construction, from the end to the beginning: each piece knows what follows it.
 *
 * @throws Refused where the pattern's repetitions make it too large
 */
export function compileProgram(syntax: Syntax): Program {
  const compiler = new Compiler();
  return { start: compiler.compile(syntax, compiler.add({ is: 'match' })), steps: compiler.steps };
}

class Compiler {
  readonly steps: Step[] = [];
  /** Counted too: an empty group makes no step, however often it is repeated. */
  #visits = 0;
  #lastRepeat = 0;

  add(step: Step): number {
    return this.steps.push(step) - 1;
  }

  /** The index of the step that `syntax` begins with, when `next` follows it. */
  compile(syntax: Syntax, next: number): number {
    if (++this.#visits > 2 * maxSteps || this.steps.length > maxSteps) {
      throw new Refused(this.#lastRepeat, 'its repetitions make the pattern too large');
    }
    switch (syntax.is) {
      case 'char':
        return this.add({ is: 'char', test: syntax.test, next });
      case 'assertion':
        return this.add({ is: 'assertion', assertion: syntax.assertion, next });
      case 'sequence':
        return syntax.parts.reduceRight((after, part) => this.compile(part, after), next);
      case 'either':
        return this.add({
          is: 'split',
          nexts: syntax.parts.map((part) => this.compile(part, next)),
        });
      case 'repeat':
        return this.#repeat(syntax, next);
    }
  }

  #repeat({ part, min, max, at }: Extract<Syntax, { is: 'repeat' }>, next: number): number {
    this.#lastRepeat = at;
    if (max !== Number.POSITIVE_INFINITY) {
      let start = next;
      for (let copy = min; copy < max; copy++) {
        start = this.add({ is: 'split', nexts: [next, this.compile(part, start)] });
      }
      return this.#copies(part, min, start);
    }
    const loop: Step = { is: 'split', nexts: [next] };
    const again = this.add(loop);
    const body = this.compile(part, again);
    loop.nexts.push(body);
    return min === 0 ? again : this.#copies(part, min - 1, body);
  }

  #copies(part: Syntax, count: number, next: number): number {
    let start = next;
    for (let copy = 0; copy < count; copy++) start = this.compile(part, start);
    return start;
  }
}
