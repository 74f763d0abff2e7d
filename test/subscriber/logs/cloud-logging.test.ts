import { expect, it } from 'vitest';
import { toCloudLogging } from '../../../subscriber/logs/cloud-logging.ts';

const now = new Date('2026-11-21T10:41:07.123Z');
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it('a line has the fields of Cloud Logging, and the trace', () => {
  const entry = { severity: 'ERROR', message: 'dead letter', stream: 'shop' } as const;
  const line = toCloudLogging({ ...entry, traceparent, column: undefined }, now, 'my-project');
  expect(JSON.parse(line)).toEqual({
    ...entry,
    time: '2026-11-21T10:41:07.123Z',
    'logging.googleapis.com/trace': 'projects/my-project/traces/0af7651916cd43dd8448eb211c80319c',
    'logging.googleapis.com/spanId': 'b7ad6b7169203331',
    'logging.googleapis.com/labels': { stream: 'shop' },
  });
});

it.each([undefined, '', 'nonsense', `${traceparent}-more`, '00-0-0-00'])(
  'a line with the traceparent %j names no trace',
  (broken) => {
    const entry = { severity: 'INFO', message: 'export under way' } as const;
    expect(JSON.parse(toCloudLogging({ ...entry, traceparent: broken }, now, 'p'))).toEqual({
      ...entry,
      time: now.toISOString(),
    });
  },
);

it('a line is one line, and holds nothing that a terminal obeys', () => {
  const cause = 'a\n\u001b]0;owned\u0007\u202e';
  const line = toCloudLogging({ severity: 'ERROR', message: 'x', cause }, now);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(line)).toMatchObject({ cause });
});
