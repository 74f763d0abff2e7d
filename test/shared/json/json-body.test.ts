import { describe, expect, it } from 'vitest';
import { readJsonStart, readJsonText } from '../../../shared/json/json-body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const filler = 'x'.repeat(70_000);
const name = [['name']];

describe('the beginning of a large body', () => {
  it('is enough where it tells what is needed', () => {
    const reading = readJsonStart({ body: bytes(`{"name":"a","rest":"${filler}"}`) }, name);
    expect(reading).toMatchObject({ ok: true, whole: false });
    // Nobody has looked at the end.
    expect(readJsonStart({ body: bytes(`{"name":"a","rest":"${filler}`) }, name)).toMatchObject({
      ok: true,
    });
  });

  it('may end within a character', () => {
    const body = `{"name":"a","rest":"${'é'.repeat(40_000)}"}`;
    for (const shift of ['', 'x']) {
      const shifted = bytes(body.replace('"a"', `"a${shift}"`));
      expect(readJsonStart({ body: shifted }, name)).toMatchObject({ ok: true, whole: false });
    }
  });

  it.each([
    ['it stands behind', `{"rest":"${filler}","name":"a"}`],
    ['it is missing', `{"rest":"${filler}"}`],
    ['it is an array', `[{"name":"a"},"${filler}"]`],
  ])('is not enough where %s', (_, body) => {
    expect(readJsonStart({ body: bytes(body) }, name)).toEqual({
      ok: true,
      text: body,
      whole: true,
    });
  });

  it.each([
    ['broken before it', `{"rest" "${filler}","name":"a"}`, 'not JSON'],
    ['no JSON', `name=${filler}`, 'not JSON'],
    ['broken behind, where all is read', `{"rest":"${filler}","name":"a"`, 'not JSON'],
  ])('tells that a body is %s', (_, body, problem) => {
    expect(readJsonStart({ body: bytes(body) }, name)).toEqual({ ok: false, problem });
  });

  it('tells that a body is not UTF-8', () => {
    const body = bytes(`{"name":"a","rest":"${filler}"}`);
    body[9] = 0xff;
    expect(readJsonStart({ body }, name)).toEqual({ ok: false, problem: 'not UTF-8' });
  });
});

describe('a small body', () => {
  it('is always read whole', () => {
    expect(readJsonStart({ body: bytes('{"name":"a"') }, name)).toEqual({
      ok: false,
      problem: 'not JSON',
    });
    expect(readJsonStart({ body: bytes('') }, [])).toEqual({ ok: false, problem: 'empty' });
    expect(readJsonText(bytes('\ufeff7'))).toEqual({ ok: true, text: '7', whole: true });
  });
});
