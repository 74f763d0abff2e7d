import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { missingOptional, platformOf } from '../.ci/complete-lock.ts';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, { version?: string; resolved?: string }>;
};

describe('package-lock.json', () => {
  it('names the optional packages of every platform (else: npm run lock)', () => {
    expect(missingOptional(lock)).toEqual([]);
  });

  it('names no host that packages were fetched from', () => {
    const resolved = Object.values(lock.packages).flatMap((entry) => entry.resolved ?? []);
    expect(resolved).toEqual([]);
  });

  it('holds one workerd', () => {
    const found = Object.keys(lock.packages).filter((path) => /node_modules\/workerd$/.test(path));
    expect(found).toHaveLength(1);
  });
});

describe('platformOf', () => {
  it.each([
    ['@duckdb/node-bindings-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
    ['@cloudflare/workerd-windows-64', { os: ['win32'], cpu: ['x64'] }],
    ['@biomejs/cli-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
    ['@oxc-parser/binding-linux-ppc64-gnu', { os: ['linux'], cpu: ['ppc64'], libc: ['glibc'] }],
    ['@oxc-parser/binding-linux-arm-musleabihf', { os: ['linux'], cpu: ['arm'], libc: ['musl'] }],
  ])('%s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });
});
