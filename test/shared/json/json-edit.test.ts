import { expect, it } from 'vitest';
import { setMember } from '../../../shared/json/json-edit.ts';

it.each<[string, string[], string]>([
  ['{}', ['a'], '{"a":0}'],
  ['{ }', ['a', 'b'], '{ "a":{"b":0}}'],
  ['{"b":1}', ['a'], '{"b":1,"a":0}'],
  [' {"a" : [1, {"a":2}] , "b":9007199254740993}', ['a'], ' {"a" : 0 , "b":9007199254740993}'],
  ['{"a":{"b":"x"},"c":{}}', ['a', 'b'], '{"a":{"b":0},"c":{}}'],
  ['{"a":{},"c":"}"}', ['a', 'it"s'], '{"a":{"it\\"s":0},"c":"}"}'],
  ['{"a":1,"a":2}', ['a'], '{"a":0,"a":2}'],
  ['{"a":{},"a":{"b":2}}', ['a', 'b'], '{"a":{"b":0},"a":{"b":2}}'],
])('%s with %j set to 0', (text, path, edited) => {
  expect(setMember(text, path, '0')).toBe(edited);
});

it.each(['[]', '1', 'null', '{"a":1}', '{"a":null}'])('%s has no such member', (text) => {
  expect(() => setMember(text, ['a', 'b'], '0')).toThrow(TypeError);
});
