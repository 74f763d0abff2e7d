import { describe, expect, it } from 'vitest';
import { editBody } from '../../../cli/deliveries/delivery-body.ts';
import { readHeaders } from '../../../cli/deliveries/headers.ts';

function edit(text: string, ...settings: string[]): string {
  const body = new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
  return new TextDecoder().decode(editBody(body, settings));
}

describe('--set', () => {
  it.each([
    ['{"a": {"b":1} ,"c":9007199254740993}', '$.a.b=500', '{"a": {"b":500} ,"c":9007199254740993}'],
    ['{"a":1}', '$.a=9007199254740993', '{"a":9007199254740993}'],
    ['{"a":1}', '$.a="5"', '{"a":"5"}'],
    ['{"a":1}', '$.a=paid in full', '{"a":"paid in full"}'],
    ['{"a":1}', '$.a=', '{"a":""}'],
    ['{"a":1}', '$.a={"x":[1]}', '{"a":{"x":[1]}}'],
    ['{"a":1}', 'b=true', '{"a":1,"b":true}'],
    ['{"a":1}', "$['a=b'].c=1=2", '{"a":1,"a=b":{"c":"1=2"}}'],
    ['[{"email":"a"},{"email":"b"}]', '$[1].email=c', '[{"email":"a"},{"email":"c"}]'],
    ['a=1&b=%20x&a=2', 'a=ž y', 'a=%C5%BE%20y&b=%20x&a=2'],
    ['a=1', '$.c=3', 'a=1&c=3'],
  ])('%s with %s', (body, setting, edited) => {
    expect(edit(body, setting)).toBe(edited);
  });

  it('sets several, in their order', () => {
    expect(edit('{}', '$.a[1].b=1', '$.a[0]=x', '$.a[1].b=2')).toBe('{"a":["x",{"b":2}]}');
  });

  it.each([
    ['{}', '$.a'],
    ['{}', '=5'],
    ['{}', '$.a b=5'],
    ['{"a":5}', '$.a.b=5'],
    ['{"a":5}', '$.a[0]=5'],
    ['a=5', '$.a.b=5'],
    ['<a/>', '$.a=5'],
    ['', '$.a=5'],
  ])('%s refuses %s', (body, setting) => {
    expect(() => edit(body, setting)).toThrow(expect.objectContaining({ code: 'delivery.set' }));
  });
});

describe('--header', () => {
  it('is a name and a value', () => {
    expect(readHeaders(['X-Region: eu : 1 ', 'x-empty:', 'X-REGION:\tus'])).toEqual({
      'x-region': 'us',
      'x-empty': '',
    });
  });

  it.each(['x-region', 'x region: eu', ': eu', 'x-region: e\nu', 'x: ž', 'Content-Length: 5'])(
    'refuses %j, and does not show its value',
    (text) => {
      const read = () => readHeaders([`${text}`]);
      expect(read).toThrow(expect.objectContaining({ code: 'delivery.header' }));
      expect(read).not.toThrow(/eu/);
    },
  );
});
