import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onOneCore } from './cpu.ts';
import { type Server, toServer } from './server.ts';

/** A Worker for raw workerd. */
export interface Script {
  /** One ES module. */
  source: string;
  compatibilityDate: string;
  bindings: Record<string, string>;
  /** On one core alone, the last one: so by default. */
  isPinned?: boolean;
}

const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
/** The binary that wrangler runs. */
const binary = join(modules, '.bin', 'workerd');

/**
 * Serves a Worker from workerd alone: Miniflare would add a proxy that costs more than the Worker. The Worker
 * reaches only this machine, and its log is discarded.
 */
export async function startWorkerd(script: Script): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  await writeFile(join(directory, 'worker.js'), script.source);
  await writeFile(join(directory, 'config.capnp'), toConfig(script));
  const given = ['serve', '--control-fd=3', join(directory, 'config.capnp')];
  const [command, args] = script.isPinned === false ? [binary, given] : onOneCore(binary, given);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  // workerd has read the directory when it listens.
  try {
    return await toServer(child, 'workerd', listeningPort(child));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function listeningPort(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const message = JSON.parse(line) as { event: string; port: number };
    if (message.event === 'listen') return message.port;
  }
  throw new Error('workerd reported no port');
}

/** A JSON string is a valid Cap'n Proto string, because the values are ASCII. */
function toConfig({ compatibilityDate, bindings }: Script): string {
  const values = Object.entries(bindings).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["local"])),
    (name = "main", worker = (
      compatibilityDate = "${compatibilityDate}",
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      bindings = [${values.join(', ')}],
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}
