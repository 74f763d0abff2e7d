import { describe, expect, it } from 'vitest';
import { findValues, parseJsonPath } from '../../../shared/json/json-path.ts';

function find(text: string, path: string): string[] | undefined {
  const reading = parseJsonPath(path);
  if (!reading.ok) throw new Error(reading.reason);
  return findValues(text, reading.path);
}

describe('a path', () => {
  it.each([
    ['$', []],
    ['$.a', ['a']],
    ['$.event-data.event', ['event-data', 'event']],
    ["$['a.b'].c", ['a.b', 'c']],
    ["$['it\\'s']", ["it's"]],
    ['$[0].a[]', [0, 'a', null]],
  ])('%s', (text, path) => {
    expect(parseJsonPath(text)).toEqual({ ok: true, path });
  });

  it.each([
    ['', 0],
    ['a.b', 0],
    ['$a', 1],
    ['$.', 1],
    ['$.a.', 3],
    ['$.a b', 3],
    ['$[-1]', 1],
    ['$[*]', 1],
    ["$['a", 1],
    [`$${'.a'.repeat(33)}`, 65],
  ])('is refused: %s at %i', (text, at) => {
    expect(parseJsonPath(text)).toMatchObject({ ok: false, at });
  });
});

describe('findValues', () => {
  it.each<[string, string, string[]]>([
    [' {"a" : 1 } ', '$.a', ['1']],
    ['{"a":{"b":[1,{"c":"x"}]}}', '$.a.b[1].c', ['"x"']],
    ['[{"a":1},{"b":2},{"a":[3]}]', '$[].a', ['1', '[3]']],
    ['{"a":12345678901234567890}', '$.a', ['12345678901234567890']],
    ['{"a":"]}","b":{}}', '$.b', ['{}']],
    ['{"a":1}', '$.b', []],
    ['{"a":1}', '$[0]', []],
    ['[]', '$[]', []],
    ['[1]', '$[1]', []],
    ['7', '$.a', []],
    [' 7 ', '$', ['7']],
    ['{"a":{"a":1},"b":2}', '$.b', ['2']],
    ['{"\\u0061":1,"a":2}', '$.a', ['1']],
  ])('%s at %s', (text, path, values) => {
    expect(find(text, path)).toEqual(values);
  });

  it.each([
    ['{"a":"x', '$.a'],
    ['{"a":12', '$.a'],
    ['{"b":1', '$.a'],
    ['{"b":1,', '$.a'],
    ['{"b":{"a":1}', '$.a'],
    ['{"b', '$.a'],
    ['{', '$.a'],
    ['', '$.a'],
    ['[{"a":1},', '$[].a'],
    ['{"a" 1}', '$.a'],
    ['{a:1}', '$.a'],
    ['{"b":1 "a":2}', '$.a'],
  ])('is not sure of %s at %s', (text, path) => {
    expect(find(text, path)).toBeUndefined();
  });

  it('is sure as soon as it has found', () => {
    expect(find('{"a":"x","b":[1,2', '$.a')).toEqual(['"x"']);
    expect(find('{"a":[1,2],"b', '$.a[1]')).toEqual(['2']);
  });

  it('answers on every beginning of a text what it answers on the whole, or nothing', () => {
    const text = '{"a":{"b":[1,{"c":"x\\"y"}],"d":null},"e":-1.5e3,"\\u0066":"é","g":[]}';
    for (const path of ['$.a.b[1].c', '$.a.d', '$.e', '$.f', '$.g[]', '$.none', '$.a.b[].c']) {
      const whole = find(text, path);
      for (let end = 0; end < text.length; end++) {
        const answer = find(text.slice(0, end), path);
        if (answer !== undefined) expect([path, end, answer]).toEqual([path, end, whole]);
      }
    }
  });
});
