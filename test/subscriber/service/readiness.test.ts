import { expect, it } from 'vitest';
import { readinessOf } from '../../../subscriber/service/health.ts';

const idle = { stream: 'idle', isRefused: false, rowsWritten: 0 };
const written = { stream: 'written', isRefused: false, rowsWritten: 9 };
const refused = { stream: 'refused', isRefused: true, rowsWritten: 9 };

it.each([
  ['nothing came yet', [idle, idle], 0, true, []],
  ['all is well', [written, idle], 0, true, []],
  ['one table is refused, and another is not', [written, refused], 0, true, ['refused']],
  ['all that rows came for are refused', [refused, idle], 0, false, ['refused']],
  ['a dead letter is refused', [written], 1, false, ['dead letters', '1']],
  ['all dead letters are, and a table', [written, refused], 'all', false, ['all', 'refused']],
] as const)('%s', (_, tables, deadLetters, isReady, told) => {
  const readiness = readinessOf(tables, deadLetters);
  expect(readiness.isReady).toBe(isReady);
  for (const word of told) expect(readiness.problem).toContain(word);
  if (told.length === 0) expect(readiness.problem).toBeUndefined();
});
