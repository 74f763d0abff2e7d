import { describe, expect, it } from 'vitest';
import { formats } from '../../../cli/query/result-formats.ts';
import type { QueryResult } from '../../../subscriber/query/result-cells.ts';

const cell = (v: QueryResult['rows'][number]['f'][number]['v']) => ({ v });

const result: QueryResult = {
  fields: [
    { name: 'n', type: 'INTEGER' },
    { name: 'text', type: 'STRING' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'json', type: 'JSON' },
    { name: 'x', type: 'FLOAT' },
    { name: 'ok', type: 'BOOLEAN' },
    { name: 'list', type: 'INTEGER', mode: 'REPEATED' },
    { name: 'record', type: 'RECORD', fields: [{ name: 'a', type: 'STRING' }] },
  ],
  rows: [
    {
      f: [
        cell('9007199254740993'),
        cell('a,"b"\nc'),
        cell('1780653600123456'),
        cell('{"n":12345678901234567890}'),
        cell('NaN'),
        cell('true'),
        cell([cell('1'), cell('2')]),
        cell({ f: [cell('z')] }),
      ],
    },
    { f: Array.from({ length: 8 }, (_, index) => cell(index === 6 ? [] : null)) },
  ],
};

describe('json', () => {
  it('keeps every digit of a number', () => {
    expect(formats.json(result)).toBe(
      `[
{"n":9007199254740993,"text":"a,\\"b\\"\\nc","at":"2026-06-05T10:00:00.123456Z","json":{"n":12345678901234567890},"x":"NaN","ok":true,"list":[1,2],"record":{"a":"z"}},
{"n":null,"text":null,"at":null,"json":null,"x":null,"ok":null,"list":[],"record":null}
]
`,
    );
  });

  it('is an empty array if there are no rows', () => {
    expect(JSON.parse(formats.json({ ...result, rows: [] }))).toEqual([]);
  });
});

describe('csv', () => {
  it('quotes cells that need it, and leaves NULL empty', () => {
    expect(formats.csv(result)).toBe(
      `n,text,at,json,x,ok,list,record
9007199254740993,"a,""b""
c",2026-06-05T10:00:00.123456Z,"{""n"":12345678901234567890}",NaN,true,"[1,2]","{""a"":""z""}"
,,,,,,[],
`,
    );
  });
});

describe('table', () => {
  const small: QueryResult = {
    fields: [
      { name: 'event', type: 'STRING' },
      { name: 'n', type: 'INTEGER' },
    ],
    rows: [{ f: [cell('purchase'), cell('3')] }, { f: [cell(null), cell('1')] }],
  };

  it('draws lines only around the table and below its head', () => {
    expect(formats.table(small)).toBe(`┌──────────┬───┐
│ event    │ n │
├──────────┼───┤
│ purchase │ 3 │
│ NULL     │ 1 │
└──────────┴───┘
`);
  });

  it('lists the columns of rows that are wider than the terminal', () => {
    expect(formats.table(small, { width: 15 })).toBe(`event  purchase
    n  3

event  NULL
    n  1
`);
  });

  it('shows every column and says NULL', () => {
    const text = formats.table(result);
    expect(text).toContain('9007199254740993');
    expect(text).toContain('NULL');
  });

  it('says so if a statement returns no columns', () => {
    expect(formats.table({ fields: [], rows: [] })).toBe('Done: no rows to show.\n');
  });
});

describe('control characters', () => {
  const osc = '\u001b]0;owned\u0007\r\n\u009b2J\u202e';
  const fields = [
    { name: `name${osc}`, type: 'STRING' },
    { name: 'json', type: 'JSON' },
    { name: 'list', type: 'STRING', mode: 'REPEATED' },
  ];
  const json = JSON.stringify({ [osc]: osc });
  const rows = [{ f: [cell(osc), cell(json), { v: [cell(osc)] }] }];
  const unsafe = /[^\n\P{Cc}]|\p{Bidi_Control}/u;

  it.each([undefined, 20])('are escaped in a table (width %s)', (width) => {
    const text = formats.table({ fields, rows }, { width });
    expect(text).not.toMatch(unsafe);
    expect(text).toContain('\\u001b]0;owned\\u0007\\r\\n\\u009b2J\\u202e');
  });

  it('do not change the width of a table', () => {
    const lines = formats.table({ fields, rows }).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });

  it('are escaped in JSON, without changing its values', () => {
    const text = formats.json({ fields, rows });
    expect(text).not.toMatch(unsafe);
    const row = { [`name${osc}`]: osc, json: { [osc]: osc }, list: [osc] };
    expect(JSON.parse(text)).toEqual([row]);
  });

  it('stay in CSV for programs', () => {
    expect(formats.csv({ fields, rows })).toContain(osc);
    expect(formats.csv({ fields, rows }, { onTerminal: true })).not.toMatch(unsafe);
  });
});

describe('a timestamp', () => {
  it.each([
    ['0', '1970-01-01T00:00:00Z'],
    ['-1', '1969-12-31T23:59:59.999999Z'],
    ['1500000', '1970-01-01T00:00:01.5Z'],
    ['-62135596800000000', '0001-01-01T00:00:00Z'],
    ['253402300799999999', '9999-12-31T23:59:59.999999Z'],
  ])('%s µs is %s', (microseconds, text) => {
    const fields = [{ name: 't', type: 'TIMESTAMP' }];
    expect(formats.csv({ fields, rows: [{ f: [cell(microseconds)] }] })).toBe(`t\n${text}\n`);
  });
});
