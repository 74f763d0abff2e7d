import { afterAll, vi } from 'vitest';

// Vitest runs this before each file of tests. Files share a process, and Google's clients read its environment: what
// a file changes must not reach the next one.
const before = { ...process.env };

afterAll(() => {
  vi.useRealTimers();
  for (const name of Object.keys(process.env)) {
    if (!(name in before)) delete process.env[name];
  }
  Object.assign(process.env, before);
});
