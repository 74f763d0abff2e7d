import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { modulePath } from './parts/module-path.ts';

export interface Edge {
  readonly port: number;
  stop(): Promise<void>;
}

export interface EdgeOptions {
  port: number;
  /** Vars and secrets. They override those of wrangler.toml. */
  bindings: Record<string, string>;
  /** The file that exports the relay; by default the Worker's own import is left as it is. */
  relayConfig?: string;
  /** wrangler.toml, or absent: then the Worker has what it needs, and no overflow. */
  wranglerConfig?: string;
}

/**
 * Runs the Worker of wrangler.toml in workerd on 127.0.0.1, with the file's bindings: queues, buckets and rate
 * limits are Miniflare's, in memory. This uses Miniflare directly, because the proxy of `wrangler dev` costs
 * more than the Worker.
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { workerOptions, main } = readWrangler(options.wranglerConfig);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: options.port,
      log: new Log(LogLevel.ERROR),
      cf: false,
      workers: [
        {
          ...workerOptions,
          name: 'tributary',
          modules: [
            {
              type: 'ESModule',
              path: 'main.js',
              contents: await bundle(main, options.relayConfig),
            },
          ],
          bindings: { ...workerOptions.bindings, ...options.bindings },
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  return { port: Number(url.port), stop: () => miniflare.dispose() };
}

interface Wrangler {
  workerOptions: Record<string, unknown> & { bindings?: object };
  main: string;
}

function readWrangler(file: string | undefined): Wrangler {
  const own = modulePath('../worker/main', import.meta.url);
  if (file === undefined) {
    // As in the wrangler.toml that `tributary init` writes.
    const ratelimits = {
      FAILED_TRIES: { namespace_id: '2611', simple: { limit: 60, period: 60 } },
    };
    return { workerOptions: { compatibilityDate: '2026-11-01', ratelimits }, main: own };
  }
  const { workerOptions, main = own } = unstable_getMiniflareWorkerOptions(file);
  return { workerOptions, main };
}

/** Bundles the Worker as wrangler does, into one ES module for workerd. */
export async function bundle(entry: string, relayConfig?: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    ...(relayConfig !== undefined && { alias: { 'tributary-relay/config': relayConfig } }),
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
