import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { describeError, errorDocument } from '../../../cli/terminal/error-text.ts';
import { errors, RelayError } from '../../../shared/errors.ts';

const osc = '\u001b]0;owned\u0007';

describe('describeError', () => {
  it('shows message, code and remedy of a known error, without control characters', () => {
    const error = new RelayError('stream.unknown', `no stream "${osc}\u202e"\nsecond line`);
    expect(describeError(error)).toBe(
      'no stream "\\u001b]0;owned\\u0007\\u202e"\nsecond line\n' +
        '  code:   stream.unknown\n' +
        `  remedy: ${errors['stream.unknown'].remedy}\n`,
    );
  });

  it('shows the stack of anything else, and those of its causes', () => {
    const text = describeError(new Error(`outer${osc}`, { cause: new TypeError('inner') }));
    expect(text).toMatch(/^Error: outer\\u001b[\s\S]+ at [\s\S]+caused by: TypeError: inner\n/);
    expect(text).not.toContain('\u001b');
    expect(describeError('text')).toBe('text\n');
  });

  it.each([
    () => new URL('http://host:99999/crm/s3cret'),
    () => new Request('https://me:s3cret@edge.example/crm/s3cret?key=s3cret'),
    () => {
      throw Object.assign(new Error('GET https://edge.example/crm/s3cret failed'), {
        config: { url: 'https://edge.example/s3cret', headers: { authorization: 's3cret' } },
      });
    },
  ])('shows no key of a request (%#)', (fail) => {
    let error: unknown;
    try {
      fail();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Error);
    expect(describeError(error)).not.toContain('s3cret');
  });
});

it.each([() => readFileSync('/nothing/of/this/name'), () => readFileSync(tmpdir())])(
  'says what the system refuses, without a stack (%#)',
  (read) => {
    let error: unknown;
    try {
      read();
    } catch (thrown) {
      error = thrown;
    }
    expect(describeError(error)).toMatch(/^.+\n {2}code: {3}file\.unusable\n/);
    expect(describeError(error)).not.toContain('    at ');
    expect(errorDocument(error)).toMatchObject({ ok: false, error: { code: 'file.unusable' } });
  },
);
