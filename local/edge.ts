import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';

export interface Edge {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Runs the Worker of wrangler.toml (or another `config`) in workerd on 127.0.0.1, with the file's bindings:
 * queues, buckets and rate limits are Miniflare's, in memory. `bindings` (vars and secrets) override those of
 * the file. This uses Miniflare directly, because the proxy of `wrangler dev` costs more than the Worker.
 */
export async function startEdge(options: {
  port: number;
  bindings: Record<string, string>;
  config?: string;
}): Promise<Edge> {
  const config = options.config ?? fileURLToPath(new URL('../wrangler.toml', import.meta.url));
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config);
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
          modules: [{ type: 'ESModule', path: 'main.js', contents: await bundle(main ?? '') }],
          bindings: { ...(workerOptions['bindings'] as object), ...options.bindings },
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  return { port: Number(url.port), stop: () => miniflare.dispose() };
}

/** Bundles the Worker as wrangler does, into one ES module for workerd. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
