import { expect, it } from 'vitest';
import { readinessOf } from '../../../subscriber/service/readiness.ts';

const idle = { stream: 'idle', isRefused: false, rowsWritten: 0 };
const taken = { stream: 'taken', isRefused: false, rowsWritten: 9 };
const refused = { stream: 'refused', isRefused: true, rowsWritten: 9 };

it.each([
  ['nothing came yet', [idle, idle], 0, true, []],
  ['all is well', [taken, idle], 0, true, []],
  ['one table is refused, and another is not', [taken, refused], 0, true, ['refused']],
  ['all that rows came for are refused', [refused, idle], 0, false, ['refused']],
  ['a dead letter is refused', [taken], 1, false, ['dead letters', '1']],
  ['all dead letters are, and a table', [taken, refused], 'all', false, ['all', 'refused']],
] as const)('%s', (_, tables, deadLetters, isReady, told) => {
  const readiness = readinessOf(tables, deadLetters);
  expect(readiness.isReady).toBe(isReady);
  for (const word of told) expect(readiness.trouble).toContain(word);
  if (told.length === 0) expect(readiness.trouble).toBeUndefined();
});
