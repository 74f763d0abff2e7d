import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonText } from '../../shared/json/json-body.ts';
import { setMember } from '../../shared/json/json-edit.ts';
import { findValues, parseJsonPath } from '../../shared/json/json-path.ts';
import { toBytes } from '../shared/delimited/read.ts';
import { runs } from './runs.ts';
import { bytes, unit } from './soup.ts';

// Our reader and the platform's own, on the same bytes: the same value, or a refusal.

describe('JSON', () => {
  const parses = (text: string) => {
    try {
      return { value: JSON.parse(text) as unknown };
    } catch {
      return undefined;
    }
  };
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const decodes = (body: Uint8Array) => {
    try {
      return utf8.decode(body);
    } catch {
      return undefined;
    }
  };
  const json = fc.json({ stringUnit: 'grapheme', maxDepth: 4 });
  const broken = fc.tuple(json, fc.nat(), fc.nat(3), unit).map(([text, at, cut, more]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + more + text.slice(place + cut);
  });

  test('a body is taken where TextDecoder and JSON.parse take it', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, json.map(toBytes), broken.map(toBytes)), (body) => {
        const text = decodes(body);
        const theirs = text === undefined ? undefined : parses(text);
        const ours = readJsonText(body);
        // Bytes of UTF-16 with its mark are read too.
        if (body[0] === 0xff || body[0] === 0xfe) return;
        // A second mark is dropped too.
        if (text?.startsWith('\ufeff')) return;
        expect(ours.ok).toBe(theirs !== undefined);
        if (ours.ok) expect(JSON.parse(ours.text)).toEqual(theirs?.value);
      }),
      runs(300),
    );
  });

  // No backslash: after `{"a":1,"\\\\":1}`, the JSON.parse of Node 24.21 (V8 13.6) reads `{"a":1,"\\n":1}` as that.
  const key = fc
    .oneof(
      fc.constantFrom('a', 'b', 'a.b', "it's", '0', '__proto__', 'é', '"', '\n'),
      fc.string({ maxLength: 3 }),
    )
    .filter((name) => !name.includes('\\'));
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, -0.5, 'x', true, null, '🙂'),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('node'), { maxLength: 4 }),
    map: fc.dictionary(key, tie('node'), { maxKeys: 4 }),
  })).node;
  const step = fc.oneof(key, fc.nat(3), fc.constant(null));
  const path = fc.array(step, { maxLength: 4 });

  /** What a path names, by the parsed value. */
  function values(value: unknown, path: readonly (string | number | null)[]): unknown[] {
    const [first, ...rest] = path;
    if (path.length === 0) return [value];
    if (Array.isArray(value)) {
      if (first === null) return value.flatMap((item) => values(item, rest));
      return typeof first === 'number' && first < value.length ? values(value[first], rest) : [];
    }
    if (typeof value !== 'object' || value === null || typeof first !== 'string') return [];
    const own = Object.getOwnPropertyDescriptor(value, first);
    return own ? values(own.value, rest) : [];
  }

  test('a path finds what a walk over the parsed value finds', () => {
    fc.assert(
      fc.property(tree, path, fc.constantFrom(undefined, 1), (value, path, indent) => {
        const found = findValues(JSON.stringify(value, null, indent), path) ?? [];
        expect(found.map((raw) => JSON.parse(raw))).toEqual(
          values(JSON.parse(JSON.stringify(value)), path),
        );
      }),
      runs(300),
    );
  });

  test('a member is set, and every other one stays', () => {
    const names = fc.array(key, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 4 }), names, json, (value, path, raw) => {
        const before = JSON.stringify(value);
        let text: string;
        try {
          text = setMember(before, path, raw);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        const after = JSON.parse(text);
        expect(values(after, path)).toEqual([JSON.parse(raw)]);
        for (const name of Object.keys(JSON.parse(before))) {
          if (name !== path[0])
            expect(values(after, [name])).toEqual(values(JSON.parse(before), [name]));
        }
      }),
      runs(400),
    );
  });

  test('a path of any text is a path, or a reason at a place', () => {
    const piece = fc.constantFrom(
      '$',
      '.',
      '[',
      ']',
      '[]',
      '[0]',
      "['",
      "']",
      '["',
      '"]',
      '\\',
      'a',
      '..',
      '*',
      '@',
      '-1',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
        ),
        (text) => {
          const reading = parseJsonPath(text);
          if (reading.ok) findValues('{"a":[{"a":1}]}', reading.path);
          else {
            expect(reading.reason).toMatch(/\w/);
            expect(reading.at).toBeGreaterThanOrEqual(0);
            expect(reading.at).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      runs(600),
    );
  });
});
