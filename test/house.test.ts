import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';

// What the linter does not hold of the tree of design.md. Import rules and circles: biome.json.

const housed = ['worker', 'subscriber', 'history', 'shared', 'cli', 'console', 'local'];

const folders = new Map<string, string[]>();
for (const file of trackedFiles()) {
  const folder = dirname(file);
  folders.set(folder, [...(folders.get(folder) ?? []), basename(file)]);
}

describe.each([...folders])('%s', (folder, files) => {
  test('has at most 15 files', () => {
    expect(files.length).toBeLessThanOrEqual(15);
  });

  test.runIf(files.length > 5)('says what comes in, what goes out and where to begin', () => {
    const entry = `${basename(folder)}.ts`;
    const described = ['README.md', 'main.ts', entry].filter((name) => files.includes(name));
    expect(described.some((name) => isDescription(`${folder}/${name}`))).toBe(true);
  });
});

function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', ...housed], { encoding: 'utf8' });
  return listed.split('\n').filter((file) => file !== '');
}

/** A README, or a comment of several lines at the head of the entry file. */
function isDescription(path: string): boolean {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.md')) return text.trim() !== '';
  return /^(\/\/.*\n){3,}/.test(text);
}
