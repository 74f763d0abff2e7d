import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const shared = fileURLToPath(new URL('../../shared/main.ts', import.meta.url));

export interface Ran {
  status: number | null;
  out: string;
  err: string;
}

/** A folder with a config of its own, and the command run in it. */
export class Project {
  readonly path = mkdtempSync(join(tmpdir(), 'tributary-test-'));

  /** Writes a file; in a config, `tributary-relay` is this repository. */
  write(file: string, text: string): this {
    writeFileSync(join(this.path, file), text.replace("'tributary-relay'", `'${shared}'`));
    return this;
  }

  run(args: string[], environment: NodeJS.ProcessEnv = {}): Ran {
    const { FORCE_COLOR: _, ...inherited } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: this.path,
      encoding: 'utf8',
      env: { ...inherited, ...environment },
    });
    return { status, out: stdout, err: stderr };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
