import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendPrivately, makePrivateFolder } from '../../../local/parts/private-files.ts';

let home: string;
let before: number;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  before = process.umask();
});

afterEach(() => {
  process.umask(before);
  rmSync(home, { recursive: true });
});

const modeOf = (...path: string[]) => statSync(join(home, ...path)).mode & 0o777;

describe.skipIf(process.platform === 'win32')('makePrivateFolder', () => {
  it.each([0, 0o022, 0o077, 0o777])(
    'makes one for its owner alone, whatever the umask (%o)',
    (umask) => {
      process.umask(umask);
      expect(makePrivateFolder(join(home, 'state'))).toBeUndefined();
      process.umask(before);
      expect(modeOf('state')).toBe(0o700);
    },
  );

  it("restricts an existing folder and the relay's files in it, and warns once", () => {
    process.umask(0);
    const folder = join(home, 'state');
    mkdirSync(join(folder, 'bigquery', 'uploads'), { recursive: true });
    mkdirSync(join(folder, 'pubsub'));
    writeFileSync(join(folder, 'bigquery', 'uploads', 'file'), '');
    writeFileSync(join(folder, 'pubsub', 'pubsub.sqlite'), '');
    writeFileSync(join(folder, 'stack.json'), '');
    writeFileSync(join(folder, 'mine'), '');
    expect(makePrivateFolder(folder)).toContain('could be read by others');
    const modes = [
      modeOf('state'),
      modeOf('state', 'bigquery'),
      modeOf('state', 'bigquery', 'uploads'),
      modeOf('state', 'bigquery', 'uploads', 'file'),
      modeOf('state', 'pubsub', 'pubsub.sqlite'),
      modeOf('state', 'stack.json'),
    ];
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o600, 0o600, 0o600]);
    expect(modeOf('state', 'mine')).toBe(0o666);
    expect(makePrivateFolder(folder)).toBeUndefined();
  });

  it('warns if only a file in it was open', () => {
    const folder = join(home, 'state');
    makePrivateFolder(folder);
    writeFileSync(join(folder, 'stack.json'), '');
    chmodSync(join(folder, 'stack.json'), 0o644);
    expect(makePrivateFolder(folder)).toContain('stack.json');
    expect(modeOf('state', 'stack.json')).toBe(0o600);
  });

  it('follows no link out of the folder', () => {
    process.umask(0);
    writeFileSync(join(home, 'elsewhere'), '');
    mkdirSync(join(home, 'state', 'pubsub'), { recursive: true });
    symlinkSync(join(home, 'elsewhere'), join(home, 'state', 'pubsub', 'link'));
    makePrivateFolder(join(home, 'state'));
    expect(modeOf('elsewhere')).toBe(0o666);
  });

  it('leaves a folder that others share: one such as /tmp, and the one that is worked in', () => {
    mkdirSync(join(home, 'shared'));
    chmodSync(join(home, 'shared'), 0o1777);
    expect(makePrivateFolder(join(home, 'shared'))).toBeUndefined();
    expect(modeOf('shared')).toBe(0o777);
    const { mode } = statSync('.');
    expect(makePrivateFolder('.')).toBeUndefined();
    expect(statSync('.').mode).toBe(mode);
  });
});

describe.skipIf(process.platform === 'win32')('appendPrivately', () => {
  it.each([0, 0o022, 0o777])(
    'makes a file for its owner alone, whatever the umask (%o)',
    (umask) => {
      process.umask(umask);
      expect(appendPrivately(join(home, 'file'), 'A=1\n')).toBeUndefined();
      process.umask(before);
      expect(modeOf('file')).toBe(0o600);
      expect(readFileSync(join(home, 'file'), 'utf8')).toBe('A=1\n');
    },
  );

  it.each([0o644, 0o640, 0o604, 0o666, 0o660, 0o755])(
    'tightens one of mode %o, and says so',
    (mode) => {
      const file = join(home, 'file');
      writeFileSync(file, 'A=1\n');
      chmodSync(file, mode);
      expect(appendPrivately(file, 'B=2\n')).toContain('could be read by others');
      expect(modeOf('file')).toBe(0o600);
      expect(readFileSync(file, 'utf8')).toBe('A=1\nB=2\n');
      expect(appendPrivately(file, 'C=3\n')).toBeUndefined();
    },
  );

  it('restricts the target of a link', () => {
    writeFileSync(join(home, 'file'), '');
    chmodSync(join(home, 'file'), 0o644);
    symlinkSync(join(home, 'file'), join(home, 'link'));
    expect(appendPrivately(join(home, 'link'), 'A=1\n')).toContain('could be read by others');
    expect(modeOf('file')).toBe(0o600);
  });
});
