import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A folder of a user's own, which has this repository as its package `tributary-relay`. */
export class ProjectFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'tributary-project-'));

  constructor() {
    mkdirSync(join(this.path, 'node_modules'));
    symlinkSync(root, join(this.path, 'node_modules', 'tributary-relay'));
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  write(name: string, text: string): this {
    mkdirSync(dirname(join(this.path, name)), { recursive: true });
    writeFileSync(join(this.path, name), text);
    return this;
  }

  mode(name: string): number {
    return statSync(join(this.path, name)).mode & 0o777;
  }

  /** Every file and its text, without packages. */
  get files(): Record<string, string> {
    // Never below node_modules: there is the whole repository, in which other tests write.
    const own = readdirSync(this.path).filter((name) => name !== 'node_modules');
    const names = own.flatMap((name) => {
      if (!statSync(join(this.path, name)).isDirectory()) return [name];
      const below = readdirSync(join(this.path, name), { recursive: true, encoding: 'utf8' });
      return below.map((rest) => join(name, rest));
    });
    const files = names.filter((name) => statSync(join(this.path, name)).isFile()).toSorted();
    return Object.fromEntries(files.map((name) => [name, this.read(name)]));
  }

  /** Runs a command here, with nothing on its standard input unless it is given. */
  tributary(args: string[], { input = '', env = {} }: { input?: string; env?: object } = {}) {
    const { GOOGLE_CLOUD_PROJECT: _, FORCE_COLOR: _color, ...environment } = process.env;
    return spawnSync(process.execPath, [main, ...args], {
      cwd: this.path,
      encoding: 'utf8',
      input,
      env: { ...environment, ...env },
    });
  }

  run(args: string[], env: NodeJS.ProcessEnv = {}) {
    const { status, stdout, stderr } = this.tributary(args, { env });
    return { status, out: stdout, err: stderr };
  }

  /** The same in a terminal of `script`: each answer is typed when its question is shown. */
  async inTerminal(
    args: string[],
    answers: (readonly [question: string, keys: string])[],
  ): Promise<{ code: number | null; shown: string }> {
    const command = ['stty cols 80;', process.execPath, main, ...args].join(' ');
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: this.path,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const left = [...answers];
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      for (let [next] = left; next && shown.includes(next[0]); [next] = left) {
        terminal.stdin.write(next[1]);
        left.shift();
      }
    });
    const [code] = (await once(terminal, 'close')) as [number | null];
    return { code, shown };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
