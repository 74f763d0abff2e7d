import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { anyPorts, Home, RelayProcess } from '../beds/relay-process.ts';
import { codeBlocks, readDocument } from './documents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages that show a stream of the project: each its own. */
const tutorials = ['datanostro', 'absmartly', 'segmentstream', 'stripe', 'shopify', 'github'];

/** In place of `your-project`: `check` warns of placeholders. */
const project = 'acme-shop';

/** The dead letter that docs/dead-letters.md shows and replays. */
const documentedLetter = '01a22111';

/** State and secrets stand beside the config, where the commands look for them. */
class ProjectHome extends Home {
  override readonly state = join(this.path, '.tributary');
}

interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** A project with the streams of all tutorials, as a reader of the documents has it, and its running relay. */
export class DocsProject {
  readonly #home = new ProjectHome();
  readonly #folders: string[] = [];
  #relay: RelayProcess | undefined;
  /** In place of the one that the documents name. */
  #deadLetter = documentedLetter;

  static async start(): Promise<DocsProject> {
    const started = new DocsProject();
    const { path } = started.#home;
    install(path);
    writeFileSync(join(path, 'tributary.config.ts'), configText());
    writeFileSync(join(path, 'wrangler.toml'), wranglerToml);
    const config = ['--config', join(path, 'tributary.config.ts')];
    started.#relay = await RelayProcess.start(started.#home, [...anyPorts, ...config]);
    await started.#makeDeadLetter();
    return started;
  }

  /** An order whose total is no number: written in part, and kept. */
  async #makeDeadLetter(): Promise<void> {
    const body = '{"id":1,"total_price":"not a number"}';
    const sent = await this.run(`echo '${body}' | npx tributary send orders -`);
    const [, id] = /^tributary-delivery-id: (\S+)$/m.exec(sent.stdout) ?? [];
    if (id === undefined) throw new Error(`no dead letter: ${sent.stdout}${sent.stderr}`);
    for (;;) {
      const { stdout } = await this.run('npx tributary dead-letters list --json');
      if (stdout.includes(id)) break;
    }
    this.#deadLetter = id;
  }

  /** Runs a block in a shell; in an empty folder, where the command is installed, if it makes a project of its own. */
  run(code: string, { isOwnFolder = false } = {}): Promise<Ran> {
    const relay = this.#relay;
    if (!relay) throw new Error('the relay is not running');
    const cwd = isOwnFolder ? this.#emptyFolder() : this.#home.path;
    const { datanostro } = relay.ports;
    const own = code
      .replaceAll('http://127.0.0.1:8787', relay.edge)
      .replaceAll(documentedLetter, this.#deadLetter)
      .replaceAll('your-project', project);
    return shell(own, cwd, {
      DATANOSTRO_API_URL: `http://127.0.0.1:${datanostro}`,
    });
  }

  async stop(): Promise<void> {
    await this.#relay?.interrupt();
    this.#home.remove();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  #emptyFolder(): string {
    const outer = mkdtempSync(join(tmpdir(), 'tributary-docs-'));
    this.#folders.push(outer);
    install(outer);
    const folder = join(outer, 'empty');
    mkdirSync(folder);
    return folder;
  }
}

/** What `npm install tributary-relay` does: nothing is fetched here. */
function install(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  const own = join(root, 'node_modules');
  for (const name of readdirSync(own)) {
    if (!name.startsWith('.')) symlinkSync(join(own, name), join(modules, name));
  }
  symlinkSync(root, join(modules, 'tributary-relay'));
  symlinkSync(join(root, 'cli', 'tributary.js'), join(modules, '.bin', 'tributary'));
  symlinkSync(join(own, '.bin', 'wrangler'), join(modules, '.bin', 'wrangler'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
}

/** As `init` makes it, with the secrets of these streams. */
const wranglerToml = `name = "docs"
main = "node_modules/tributary-relay/worker/main.ts"
compatibility_date = "2026-11-01"

[alias]
"tributary-relay/config" = "./tributary.config.ts"

[vars]
PUBSUB_ENDPOINT = "https://pubsub.googleapis.com"

[secrets]
required = ["GOOGLE_SERVICE_ACCOUNT", "DATANOSTRO_SECRET", "ABSMARTLY_KEY", "CRM_KEY", "BILLING_SECRET", "ORDERS_SECRET", "REPO_SECRET"]
`;

/** Every tutorial's stream in one config. */
function configText(): string {
  const streams = tutorials.map((page) => {
    const [block = ''] = codeBlocks(readDocument(`docs/tutorials/${page}.md`), 'ts');
    return block;
  });
  return `import { ${tutorials.join(', ')}, defineRelay } from 'tributary-relay';
export const relay = defineRelay({
  project: '${project}',
  location: 'EU',
  streams: {
${streams.join('').replaceAll('your-subdomain', 'acme')}  },
});
`;
}

function shell(code: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['-euo', 'pipefail', '-c', code],
      { cwd, env: { ...process.env, ...env, PATH: path } },
      (error, stdout, stderr) => resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
    ).stdin?.end();
  });
}
