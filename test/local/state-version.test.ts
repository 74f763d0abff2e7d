import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { claimState } from '../../local/state-version.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

function stateFolder(mark?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (mark !== undefined) writeFileSync(join(folder, 'version.json'), mark);
  return folder;
}

function markOf(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'version.json'), 'utf8'));
}

it.each([
  ['a new folder, or one from before the mark', undefined],
  ['an older version with an older layout', '{"tributary":"0.0.1","layout":1}'],
  ['this version', JSON.stringify({ tributary: version, layout: 2 })],
])('opens the state of %s, and marks it', (_, mark) => {
  const folder = stateFolder(mark);
  claimState(folder);
  claimState(folder);
  expect(markOf(folder)).toEqual({ tributary: version, layout: 2 });
  expect(readdirSync(folder)).toEqual(['version.json']);
});

it('writes a mark that its owner alone can read', () => {
  const folder = stateFolder();
  claimState(folder);
  expect(statSync(join(folder, 'version.json')).mode & 0o777).toBe(0o600);
});

it('refuses the state of a newer version, names that version, and leaves the mark alone', () => {
  const mark = { tributary: '7.1.0', layout: 3 };
  const folder = stateFolder(JSON.stringify(mark));
  expect(() => claimState(folder)).toThrow(
    expect.objectContaining({
      code: 'state.version',
      message: expect.stringContaining('written by Tributary 7.1.0'),
    }),
  );
  expect(markOf(folder)).toEqual(mark);
});

it.each(['', '{', 'null', '{"tributary":"1.0.0"}', '{"tributary":"1.0.0","layout":"2"}'])(
  'refuses a mark that is not one: %s',
  (mark) => {
    const folder = stateFolder(mark);
    expect(() => claimState(folder)).toThrow(expect.objectContaining({ code: 'state.version' }));
  },
);
