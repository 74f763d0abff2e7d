import { expect, it } from 'vitest';
import { defineRelay } from '../../shared/config.ts';

it('a config written for the old layout says what to import instead', () => {
  expect(defineRelay).toThrow(
    expect.objectContaining({
      code: 'config.invalid',
      message: expect.stringContaining("from 'tributary-relay'"),
    }),
  );
});
