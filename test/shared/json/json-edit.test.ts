import { expect, it } from 'vitest';
import { setMember } from '../../../shared/json/json-edit.ts';
import type { JsonPath } from '../../../shared/json/json-path.ts';

it.each<[string, JsonPath, string]>([
  ['{}', ['a'], '{"a":0}'],
  ['{ }', ['a', 'b'], '{ "a":{"b":0}}'],
  ['{"b":1}', ['a'], '{"b":1,"a":0}'],
  [' {"a" : [1, {"a":2}] , "b":9007199254740993}', ['a'], ' {"a" : 0 , "b":9007199254740993}'],
  ['{"a":{"b":"x"},"c":{}}', ['a', 'b'], '{"a":{"b":0},"c":{}}'],
  ['{"a":{},"c":"}"}', ['a', 'it"s'], '{"a":{"it\\"s":0},"c":"}"}'],
  ['{"a":1,"a":2}', ['a'], '{"a":0,"a":2}'],
  ['{"a":{},"a":{"b":2}}', ['a', 'b'], '{"a":{"b":0},"a":{"b":2}}'],
  ['[1, {"a":[]} ,3]', [1], '[1, 0 ,3]'],
  ['[1, {"a":[]} ,3]', [1, 'a', 0], '[1, {"a":[0]} ,3]'],
  ['[1, {"a":[]} ,3]', [1, 'a', 2, 'b'], '[1, {"a":[null,null,{"b":0}]} ,3]'],
  ['[1,2]', [2], '[1,2,0]'],
  ['[1,2]', [4], '[1,2,null,null,0]'],
  ['[ ]', [null, 'a'], '[ {"a":0}]'],
  ['{}', ['a', 1, 'b'], '{"a":[null,{"b":0}]}'],
  ['{"a":"x"} ', [], '0 '],
])('%s with %j set to 0', (text, path, edited) => {
  expect(setMember(text, path, '0')).toBe(edited);
});

it.each(['[]', '1', 'null', '{"a":1}', '{"a":null}'])('%s has no such member', (text) => {
  expect(() => setMember(text, ['a', 'b'], '0')).toThrow(TypeError);
});

it.each<[string, JsonPath]>([
  ['{}', [0]],
  ['[]', ['a']],
  ['{"a":{}}', ['a', 0]],
])('%s has nothing at %j', (text, path) => {
  expect(() => setMember(text, path, '0')).toThrow(TypeError);
});
