import { fileURLToPath } from 'node:url';
import { bundle } from '../../local/edge.ts';
import { makeSecrets } from '../../local/secrets.ts';
import type { Server } from '../edge/server.ts';
import { startWorkerd } from '../edge/workerd.ts';
import { relay } from './relay-config.ts';

const config = fileURLToPath(new URL('./relay-config.ts', import.meta.url));
const worker = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));

/** The Worker of relay-config.ts in workerd, without overflow. */
export interface BenchEdge extends Server {
  /** Of the sender. */
  secret: string;
}

export async function startBenchEdge(pubsubPort: number): Promise<BenchEdge> {
  const secrets = makeSecrets(relay);
  const server = await startWorkerd({
    source: await bundle(worker, config),
    compatibilityDate: '2026-11-01',
    bindings: { ...secrets, PUBSUB_ENDPOINT: `http://127.0.0.1:${pubsubPort}` },
    isPinned: false,
  });
  return { ...server, secret: secrets['DATANOSTRO_SECRET'] ?? '' };
}
