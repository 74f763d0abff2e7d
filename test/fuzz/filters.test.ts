import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { liesIn, networkOf, parseBlock } from '../../shared/addresses.ts';
import type { Filter } from '../../shared/filters/condition.ts';
import { compileFilter } from '../../shared/filters/filter.ts';
import { compilePattern, nativePattern } from '../../shared/filters/pattern.ts';
import { patternProblem } from '../../shared/filters/pattern-check.ts';
import { parseJsonPath } from '../../shared/json/json-path.ts';
import { runs, timeoutMs } from './runs.ts';

// Filters, patterns and addresses: an answer for whatever they are given, and the same as another program gives.

const scalar = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);

describe('a filter', () => {
  const field = fc.constantFrom('$.a', '$.b', '$.a.b', '$.list[]', '$.list[0]', '$');
  const equal = (left: unknown, right: unknown) => left === right;

  test('compares as JavaScript compares what JSON.parse reads', () => {
    fc.assert(
      fc.property(scalar, scalar, fc.boolean(), (value, other, isSame) => {
        const wanted = isSame ? value : other;
        // What is beyond 2^53 must be written as a bigint.
        fc.pre(
          typeof wanted !== 'number' || !Number.isInteger(wanted) || Number.isSafeInteger(wanted),
        );
        const where = { field: '$.a', equals: wanted };
        const { passes, problems } = compileFilter({ where });
        expect(problems).toEqual([]);
        expect(passes({ json: JSON.stringify({ a: value }) })).toBe(equal(value, wanted));
      }),
      runs(600),
    );
  });

  test('orders numbers as JavaScript does, in any spelling', () => {
    const number = fc.oneof(
      fc.integer({ min: -50, max: 50 }),
      fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
    );
    fc.assert(
      fc.property(
        number,
        number,
        fc.constantFrom('gt', 'gte', 'lt', 'lte'),
        fc.boolean(),
        (value, bound, name, isText) => {
          fc.pre(!Number.isInteger(bound) || Number.isSafeInteger(bound));
          const where = { field: '$.a', [name]: bound };
          const { passes } = compileFilter({ where } as unknown as Filter);
          const answers = {
            gt: value > bound,
            gte: value >= bound,
            lt: value < bound,
            lte: value <= bound,
          };
          const sent = isText ? `{"a":"${value.toExponential(20)}"}` : JSON.stringify({ a: value });
          // Twenty digits are more than a double has: only where they say the same number.
          fc.pre(!isText || Number.isInteger(value));
          expect(passes({ json: sent })).toBe(answers[name as keyof typeof answers]);
        },
      ),
      runs(600),
    );
  });

  test('orders texts by their UTF-16 units, and finds a pattern as RegExp does', () => {
    const text = fc.string({ unit: fc.constantFrom(...'abzA0.-é🙂'), maxLength: 5 });
    fc.assert(
      fc.property(text, text, fc.constantFrom('gt', 'gte', 'lt', 'lte'), (value, bound, name) => {
        const json = JSON.stringify({ a: value });
        const { passes } = compileFilter({
          where: { field: '$.a', [name]: bound },
        } as unknown as Filter);
        const answers = {
          gt: value > bound,
          gte: value >= bound,
          lt: value < bound,
          lte: value <= bound,
        };
        expect(passes({ json })).toBe(answers[name as keyof typeof answers]);
        const pattern = bound.replaceAll(/[.-]/g, '\\.');
        const found = compileFilter({ where: { field: '$.a', matches: pattern } });
        expect(found.passes({ json })).toBe(nativePattern(pattern).test(value));
      }),
      runs(600),
    );
  });

  test('of anything: problems or a test, and any event an answer', { timeout: timeoutMs }, () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, maxDepth: 2 });
    const condition = fc.letrec((tie) => ({
      where: fc.oneof(
        { maxDepth: 4 },
        fc.record(
          {
            field,
            equals: fc.oneof(scalar, anything),
            matches: fc.oneof(fc.string(), anything),
            gt: anything,
          },
          { requiredKeys: ['field'] },
        ),
        fc.record({ all: fc.array(tie('where'), { maxLength: 3 }) }),
        fc.record({ any: fc.oneof(anything, fc.array(tie('where'), { maxLength: 3 })) }),
        fc.record({ not: tie('where') }),
        anything,
      ),
    })).where;
    const filter = fc.oneof(
      // The schema of the config has refused what is not an object.
      fc.object({ withNullPrototype: true, withBigInt: true, maxDepth: 1 }),
      fc.record(
        { event: fc.oneof(fc.string(), anything), events: anything, where: condition },
        { requiredKeys: [] },
      ),
    );
    const event = fc.record(
      { name: fc.string(), json: fc.oneof(fc.json(), fc.string()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(filter, event, (given, sent) => {
        const { passes, problems } = compileFilter(given as Filter);
        for (const { message } of problems) expect(message).toMatch(/\w/);
        expect(typeof passes(sent)).toBe('boolean');
      }),
      runs(1500),
    );
  });
});

test('a pattern of any text is proven, or refused at a place; what is proven RE2 reads alike', {
  timeout: timeoutMs,
}, () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      'b',
      '.',
      '*',
      '+',
      '?',
      '{2}',
      '{1,',
      '(',
      ')',
      '(?:',
      '(?i)',
      '(?<n>',
      '[',
      ']',
      '^',
      '$',
      '|',
      '\\',
      '\\d',
      '\\b',
    ],
    ...['[^a]', 'é', '🙂', '\u0000', '\\1', '\\p{L}', '\\x41', '(?=', '[a-', '-', '\\u{1f642}'],
  );
  const text = fc.string({ unit: fc.constantFrom(...'abA.é🙂\n'), maxLength: 8 });
  let proven = 0;
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
      text,
      (pattern, sample) => {
        const matches = compilePattern(pattern);
        const problem = patternProblem(pattern, 256);
        if (problem) {
          expect(problem.reason).toMatch(/\w/);
          expect(problem.at).toBeGreaterThanOrEqual(0);
          expect(problem.at).toBeLessThanOrEqual(pattern.length);
          return;
        }
        proven++;
        expect(matches?.(sample)).toBe(RE2JS.compile(pattern).test(sample));
      },
    ),
    runs(400),
  );
  expect(proven).toBeGreaterThan(0);
});

describe('an address', () => {
  const v4 = fc.ipV4();
  const v6 = fc.ipV6();
  const odd = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:/%x'), maxLength: 20 }),
    fc.constantFrom(
      '1.2.3.4 ',
      '01.2.3.4',
      '::ffff:1.2.3.4',
      '::1.2.3',
      'fe80::1%eth0',
      '[::1]',
      '1.2.3',
      '::',
      '',
    ),
  );

  test('lies in a block where node:net says so', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.oneof(v4, v6), fc.nat(128), (address, prefix, bits) => {
        const length = isIP(prefix) === 4 ? bits % 33 : bits;
        const block = parseBlock(`${prefix}/${length}`);
        const list = new BlockList();
        list.addSubnet(prefix, length, isIP(prefix) === 4 ? 'ipv4' : 'ipv6');
        // An IPv4 address is the same in both writings for us.
        fc.pre(isIP(prefix) === isIP(address));
        expect(block && liesIn(address, [block])).toBe(
          list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'),
        );
        expect(block && liesIn(prefix, [block])).toBe(true);
      }),
      runs(600),
    );
  });

  test('is one where node:net takes it, but for zones', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6, odd), (text) => {
        const isOne = isIP(text) !== 0 && !text.includes('%');
        expect(networkOf(text) !== undefined).toBe(isOne);
        parseBlock(text);
      }),
      runs(1500),
    );
  });
});

test('a path that is parsed is the path that was written', () => {
  const name = fc.string({ unit: fc.constantFrom(...'aZ_09$.[]\'"\\ é🙂\n'), maxLength: 5 });
  const step = fc.oneof(name, fc.nat(99), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), (path) => {
      const text = `$${path.map((one) => (one === null ? '[]' : typeof one === 'number' ? `[${one}]` : `['${one.replaceAll(/['\\]/g, '\\$&')}']`)).join('')}`;
      const reading = parseJsonPath(text);
      if (reading.ok) expect(reading.path).toEqual(path);
    }),
    runs(500),
  );
});
