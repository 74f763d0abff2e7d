import { expect, test } from 'vitest';
import { patternProblem } from '../../../shared/filters/pattern-check.ts';

// What no test noticed when the check of patterns was changed: found by test/mutants.

const fieldLength = 4096;
const problem = (pattern: string) => patternProblem(pattern, fieldLength);

test('a pattern of 1,024 units is taken, and a longer one is not', () => {
  expect(problem('a'.repeat(1024))).toBeUndefined();
  expect(problem('a'.repeat(1025))).toMatchObject({ at: 1024 });
});

test('a repetition that can be read in two ways is named', () => {
  const found = problem('^x(?:a+)+$');
  expect(found?.at).toBe(2);
  expect(found?.reason).toContain('(?:a+)+ can read a text in too many ways');
});
