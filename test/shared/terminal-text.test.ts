import { describe, expect, it } from 'vitest';
import { terminalJson, terminalLines, terminalText } from '../../shared/terminal-text.ts';

const osc = '\u001b]0;owned\u0007';
/** All of C0, DEL and C1, and what turns text around or breaks its lines. */
const unsafe = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  ...[0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0xfeff],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));

describe('terminalText', () => {
  it('leaves nothing that a terminal obeys', () => {
    for (const character of unsafe) {
      const text = terminalText(`a${character}b`);
      expect(text).toMatch(/^a\\(?:[nrt]|u[0-9a-f]{4})b$/);
    }
    expect(terminalText(`${osc}\n\t`)).toBe('\\u001b]0;owned\\u0007\\n\\t');
  });

  it.each(['Příliš žluťoučký kůň 🐎', '🏴󠁧󠁢󠁥󠁮󠁧󠁿 👩‍🚀 café', 'שלום', 'C:\\new "quoted"', ''])(
    'leaves %j as it is',
    (text) => {
      expect(terminalText(text)).toBe(text);
      expect(terminalLines(text)).toBe(text);
    },
  );
});

describe('terminalLines', () => {
  it('keeps lines and tabs, and nothing else', () => {
    expect(terminalLines(`a\r\nb\n\tc${osc}\rd`)).toBe('a\nb\n\tc\\u001b]0;owned\\u0007\\rd');
    for (const character of unsafe) {
      if (character === '\n' || character === '\t') continue;
      expect(terminalLines(character)).toMatch(/^\\/);
    }
  });
});

describe('terminalJson', () => {
  it('changes no value', () => {
    const value = { [osc]: unsafe.join(''), nested: [`${osc}\u202e`, 9, null] };
    for (const indent of [0, 2]) {
      const json = terminalJson(JSON.stringify(value, null, indent));
      expect(JSON.parse(json)).toEqual(value);
      expect(terminalText(json.replaceAll('\n', ''))).toBe(json.replaceAll('\n', ''));
    }
  });

  it('keeps no carriage return between its members either', () => {
    const json = terminalJson('{"a":1,\r\n\t"b":2}');
    expect(json).not.toContain('\r');
    expect(JSON.parse(json)).toEqual({ a: 1, b: 2 });
  });
});
