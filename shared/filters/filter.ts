import { findValues, type JsonPath, parseJsonPath } from '../json/json-path.ts';
import type { Condition, FieldTests, Filter, Problem } from './condition.ts';
import {
  compileTests,
  type FilterPattern,
  type Findings,
  findPattern,
  testNames,
  type ValueTest,
} from './field-test.ts';

/** An event, as far as a filter looks at it. */
export interface FilteredEvent {
  name?: string | undefined;
  /** The raw JSON text; undefined for an event that is no JSON. */
  json?: string | undefined;
}

/** Does an event pass? */
export type EventTest = (event: FilteredEvent) => boolean;

export interface CompiledFilter {
  passes: EventTest;
  /** Every field that the filter looks at. */
  fields: readonly JsonPath[];
  /** Does it look at the event's name? */
  named: boolean;
  problems: readonly Problem[];
  /** config-check.ts proves that they are fast. */
  patterns: readonly FilterPattern[];
}

/** In UTF-16 units. No sender's names come near it. */
const maxNameLength = 256;
const maxDepth = 32;

type JsonTest = (json: string | undefined) => boolean;

/**
 * Compiles a stream's filter, once; every problem is reported, with its path below `filter`.
 *
 * A longer name than `maxNameLength` passes no filter on names: were it cut and then matched, its
 * beginning could pass where the whole would not, and `$` would find an end that isn't there. An event
 * without a name passes none either.
 */
export function compileFilter(filter: Filter | undefined): CompiledFilter {
  const compiler = new Compiler();
  const tests: EventTest[] = filter === undefined ? [] : compiler.filter(filter);
  return {
    passes: (event) => tests.every((test) => test(event)),
    fields: compiler.fields,
    named: filter?.event !== undefined || filter?.events !== undefined,
    problems: compiler.problems,
    patterns: compiler.patterns,
  };
}

const compiled = new WeakMap<object, CompiledFilter>();

const unfiltered: CompiledFilter = {
  passes: () => true,
  fields: [],
  named: false,
  problems: [],
  patterns: [],
};

/** The filter of a stream, compiled once: sources ask for it at every delivery. */
export function filterOf({ filter }: { filter?: Filter }): CompiledFilter {
  if (!filter) return unfiltered;
  const known = compiled.get(filter);
  if (known) return known;
  const made = compileFilter(filter);
  compiled.set(filter, made);
  return made;
}

class Compiler implements Findings {
  readonly problems: Problem[] = [];
  readonly patterns: FilterPattern[] = [];
  readonly fields: JsonPath[] = [];

  filter(filter: Filter): EventTest[] {
    this.#checkNames(filter, 'filter', ['event', 'events', 'where', 'unsigned']);
    const { event, events, where, unsigned } = filter;
    if (unsigned !== undefined && unsigned !== true)
      this.#add('filter.unsigned', 'may only be true');
    const tests: EventTest[] = [];
    if (event !== undefined) tests.push(this.#named(event));
    if (events !== undefined) tests.push(this.#oneOf(events));
    if (where !== undefined) {
      const holds = this.#condition(where, 'filter.where', 0);
      tests.push(({ json }) => holds(json));
    }
    return tests;
  }

  #named(pattern: unknown): EventTest {
    const matches = findPattern(pattern, 'filter.event', maxNameLength, this);
    return matches ? onName(matches) : () => false;
  }

  #oneOf(events: unknown): EventTest {
    const isList = Array.isArray(events) && events.length > 0;
    if (
      !isList ||
      !events.every((name) => typeof name === 'string' && name.length <= maxNameLength)
    ) {
      this.#add('filter.events', `must be a list of names of at most ${maxNameLength} characters`);
    }
    const names = new Set(isList ? events : []);
    return onName((name) => names.has(name));
  }

  #condition(condition: Condition, path: string, depth: number): JsonTest {
    if (typeof condition !== 'object' || condition === null || depth > maxDepth) {
      return this.#refuse(path, depth > maxDepth ? 'is nested too deep' : 'must be a condition');
    }
    if ('all' in condition || 'any' in condition) return this.#group(condition, path, depth);
    if ('not' in condition) {
      this.#checkNames(condition, path, ['not']);
      const inner = this.#condition(condition.not, `${path}.not`, depth + 1);
      return (json) => !inner(json);
    }
    return this.#field(condition, path);
  }

  #group(
    group: Extract<Condition, { all: unknown } | { any: unknown }>,
    path: string,
    depth: number,
  ) {
    const name = 'all' in group ? 'all' : 'any';
    this.#checkNames(group, path, [name]);
    const inner: unknown = 'all' in group ? group.all : group.any;
    if (!Array.isArray(inner) || inner.length === 0) {
      return this.#refuse(`${path}.${name}`, 'must be a list of conditions');
    }
    const tests = (inner as Condition[]).map((condition, at) =>
      this.#condition(condition, `${path}.${name}.${at}`, depth + 1),
    );
    const test: JsonTest =
      name === 'all'
        ? (json) => tests.every((holds) => holds(json))
        : (json) => tests.some((holds) => holds(json));
    return test;
  }

  #field(condition: { field: string } & FieldTests, path: string): JsonTest {
    this.#checkNames(condition, path, ['field', ...testNames]);
    const { field } = condition;
    const reading = parseJsonPath(typeof field === 'string' ? field : '');
    if (!reading.ok) {
      return this.#refuse(
        `${path}.field`,
        `is no path, at character ${reading.at + 1}: ${reading.reason}`,
      );
    }
    this.fields.push(reading.path);
    const tests = compileTests(condition, path, this);
    const { exists } = condition;
    if (exists !== undefined && typeof exists !== 'boolean') {
      return this.#refuse(`${path}.exists`, 'must be true or false');
    }
    if (tests.length === 0 && exists === undefined) {
      return this.#refuse(path, `must test the field: ${testNames.join(', ')}`);
    }
    return fieldTest(reading.path, tests, exists);
  }

  #checkNames(object: object, path: string, known: readonly string[]): void {
    for (const name of Object.keys(object)) {
      if (!known.includes(name)) this.#add(`${path}.${name}`, `is none of ${known.join(', ')}`);
    }
  }

  #refuse(path: string, message: string): JsonTest {
    this.#add(path, message);
    return () => false;
  }

  #add(path: string, message: string): void {
    this.problems.push({ path, message });
  }
}

function onName(matches: (name: string) => boolean): EventTest {
  return ({ name }) => name !== undefined && name.length <= maxNameLength && matches(name);
}

function fieldTest(
  path: JsonPath,
  tests: readonly ValueTest[],
  exists: boolean | undefined,
): JsonTest {
  return (json) => {
    const values = json === undefined ? [] : (findValues(json, path) ?? []);
    if (exists === false) return values.length === 0 && tests.length === 0;
    return values.some((raw) => tests.every((test) => test(raw)));
  };
}
