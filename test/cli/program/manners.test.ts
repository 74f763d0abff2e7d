import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leavesOf, loadProgram } from '../../../cli/program/commands.ts';
import { ProjectFolder } from '../../beds/project-folder.ts';
import { itWith } from '../../e2e/tools.ts';

const config = `import { absmartly, datanostro, defineRelay } from 'tributary-relay';
export const relay = defineRelay({
  project: 'acme-relay',
  streams: {
    shop: datanostro({ table: 'shop.events' }),
    tests: absmartly({ table: 'ab.exports', apiUrl: 'https://acme.absmartly.com' }),
  },
});
`;

let project: ProjectFolder;

beforeAll(() => {
  project = new ProjectFolder();
  project.write('tributary.config.ts', config).write('a-file', 'text');
});

afterAll(() => {
  project.remove();
});

describe('a misuse', () => {
  it.each([
    [['chekc'], 'Did you mean check?'],
    [['query', '--josn', 'SELECT 1'], 'Did you mean --json?'],
    [['query', 'SELECT 1', '--format', 'xml'], 'table, json, csv'],
    [['reconcile', 'shop'], '--from <time>'],
    [['import', 'a-file', '--stream', 'shpo'], 'did you mean "shop"?'],
    [['query', '--saved', 'recent-event'], 'did you mean "recent-events"?'],
    [['query', '--saved', 'conversion-rate'], '--param experiment_id=… --param goal_name=…'],
    [['query', '--saved', 'conversion-rate', '--param', 'experiment_id=4'], 'needs --param goal_'],
  ])('%j gets one suggestion, not the help, and 2', (args, said) => {
    const { status, out, err } = project.run(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(said);
    expect(err.split('\n').length).toBeLessThanOrEqual(5);
  });

  it('is said as JSON to a program', () => {
    const { status, out } = project.run(['query', 'SELECT 1', '--json', '--nonsense']);
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: 'arguments.invalid' } });
    const unknown = project.run(['send', 'shpo', '--json']);
    if (unknown.status === 2) {
      expect(JSON.parse(unknown.out)).toMatchObject({ error: { code: expect.any(String) } });
    }
  });
});

describe('what a person can mend', () => {
  const ports = ['', 'pubsub-', 'bigquery-', 'bigquery-grpc-', 'absmartly-', 'datanostro-'].flatMap(
    (part) => [`--${part}port`, '0'],
  );
  const start = (...args: string[]) => project.run(['start', ...ports, ...args]);

  it('is a file in the place of the state folder', () => {
    for (const state of ['a-file', 'a-file/below']) {
      const { status, err } = start('--state', state);
      expect(status).toBe(2);
      expect(err).toContain('state.unusable');
      expect(err).toContain(`${state} is a file`);
      expect(err).not.toContain('    at ');
    }
  });

  // root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('is a state folder that nobody may write', () => {
    mkdirSync(join(project.path, 'locked'));
    chmodSync(join(project.path, 'locked'), 0o500);
    const { status, err } = start('--state', 'locked');
    expect(status).toBe(2);
    expect(err).toContain('state.unusable');
  });

  it('is a folder in the place of the secrets', () => {
    mkdirSync(join(project.path, 'folder'), { recursive: true });
    const { status, err } = start('--secrets', 'folder');
    expect(status).toBe(2);
    expect(err).toContain('secrets.unreadable');
    expect(err).not.toContain('    at ');
  });
});

describe('output', () => {
  it('has colours where they are forced, and none with NO_COLOR', () => {
    expect(project.run(['chekc'], { FORCE_COLOR: '1' }).err).toContain('\u001b[');
    expect(project.run(['chekc'], { NO_COLOR: '1' }).err).not.toContain('\u001b[');
    expect(project.run(['chekc']).err).not.toContain('\u001b[');
  });

  itWith(['sh', 'head'], 'may be cut off by head', async () => {
    const script = `"${process.execPath}" "$0" completion bash | head -n 1`;
    const main = new URL('../../../cli/main.ts', import.meta.url).pathname;
    const child = spawn('sh', ['-c', script, main], { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('has --json and --quiet in every command with a result', async () => {
    const commands = (await loadProgram()).commands.flatMap(leavesOf);
    const without = commands.filter(
      ({ options }) => !options.some(({ long }) => long === '--json'),
    );
    expect(without.map((command) => command.name()).toSorted()).toEqual([
      'completion',
      'drain',
      'serve',
    ]);
    for (const command of commands.filter((one) => !without.includes(one))) {
      expect(command.options.map(({ long }) => long)).toContain('--quiet');
    }
  });
});

describe('tributary completion', () => {
  /** What bash offers for the words of a command line. */
  function completed(words: string[]): string[] {
    const { out } = project.run(['completion', 'bash']);
    const script = `${out}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_tributary
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  }

  itWith(['bash'], 'bash offers commands, options and choices', async () => {
    expect(completed(['tributary', 'rec'])).toEqual(['reconcile']);
    expect(completed(['tributary', 'query', '--fo'])).toEqual(['--format']);
    expect(completed(['tributary', 'query', '--format', ''])).toEqual(['table', 'json', 'csv']);
    expect(completed(['tributary', 'completion', 'z'])).toEqual(['zsh']);
    // A file is wanted.
    expect(completed(['tributary', 'check', '--secrets', ''])).toEqual([]);
  });

  for (const shell of ['zsh', 'fish']) {
    itWith([shell], `${shell} reads its script`, async () => {
      const { out } = project.run(['completion', shell]);
      const { status, stderr } = spawnSync(shell, ['-n'], { input: out, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    });
  }

  it('names every command in each shell', async () => {
    const { commands } = await loadProgram();
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { status, out } = project.run(['completion', shell]);
      expect(status).toBe(0);
      for (const command of commands) expect(out).toContain(command.name());
    }
  });
});
