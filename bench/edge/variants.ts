import { makeSecrets } from '../../local/secrets.ts';
import { relay } from '../../tributary.config.ts';
import type { Bundle } from './bundle.ts';
import { cpuSeconds } from './cpu.ts';
import { type Delivery, makeDelivery } from './deliveries.ts';
import { sendLoad } from './load.ts';
import type { Server } from './server.ts';
import { startStub } from './stub.ts';
import { startTutorial } from './tutorial.ts';
import { startWorkerd } from './workerd.ts';
import { hmacOnly, noOp } from './yardsticks.ts';

const rounds = 7;
const seconds = 2;

/** Many for small deliveries, as at a busy edge; few for large ones, which are cut off at the end of a round. */
const connections = { small: 32, large: 4 };

/** One server under one load. */
interface Variant {
  server: Server;
  delivery: Delivery;
  connections: number;
  /** The header that proves that the variant does what its name says. */
  shows?: string;
}

/** Microseconds of CPU per delivery, one number a round. In each round, every variant runs once. */
export async function measureVariants(
  bundle: Bundle,
  say: (what: string) => void,
): Promise<Record<VariantName, number[]>> {
  const servers: Server[] = [];
  const running = async (starting: Promise<Server>) => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  try {
    const variants = await openVariants(bundle, running);
    return await measureRounds(variants, say);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

export type VariantName = keyof Awaited<ReturnType<typeof openVariants>>;

async function openVariants(
  { source, compatibilityDate }: Bundle,
  running: (starting: Promise<Server>) => Promise<Server>,
) {
  const secrets = makeSecrets(relay);
  const secret = secrets['DATANOSTRO_SECRET'] ?? '';
  const stub = await running(startStub());
  const bindings = { ...secrets, PUBSUB_ENDPOINT: `http://127.0.0.1:${stub.port}` };
  const worker = (source: string) => running(startWorkerd({ source, compatibilityDate, bindings }));
  // One process each, so that no variant collects the garbage of another.
  const small = await makeDelivery('page_view', 1024, secret);
  const kept = await makeDelivery('purchase', 1024, secret);
  const large = await makeDelivery('page_view', 128 * 1024, secret);
  const largest = await makeDelivery('page_view', 1024 * 1024, secret);
  const filtered = { shows: 'tributary-outcome' };
  const published = { shows: 'tributary-delivery-id' };
  const tutorial = await running(startTutorial({ bigqueryPort: stub.port, secret }));
  const many = { connections: connections.small };
  const few = { connections: connections.large };
  return {
    noOp: { server: await worker(noOp), delivery: small, ...many },
    filtered: { server: await worker(source), delivery: small, ...many, ...filtered },
    published: { server: await worker(source), delivery: kept, ...many, ...published },
    hmac128KiB: { server: await worker(hmacOnly), delivery: large, ...few },
    filtered128KiB: { server: await worker(source), delivery: large, ...few, ...filtered },
    hmac1MiB: { server: await worker(hmacOnly), delivery: largest, ...few },
    filtered1MiB: { server: await worker(source), delivery: largest, ...few, ...filtered },
    tutorial: { server: tutorial, delivery: kept, ...many },
  } satisfies Record<string, Variant>;
}

async function measureRounds(
  variants: Record<VariantName, Variant>,
  say: (what: string) => void,
): Promise<Record<VariantName, number[]>> {
  const names = Object.keys(variants) as VariantName[];
  for (const name of names) await check(name, variants[name]);
  const cpuUs = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    say(`CPU per delivery: round ${round} of ${rounds}`);
    for (const name of names) {
      const cost = await measure(variants[name]);
      if (round > 0) cpuUs[name]?.push(cost);
    }
  }
  return cpuUs as Record<VariantName, number[]>;
}

async function measure({ server, delivery, connections }: Variant): Promise<number> {
  const before = cpuSeconds(server.pid);
  const deliveries = await sendLoad({ port: server.port, delivery, connections, seconds });
  return ((cpuSeconds(server.pid) - before) * 1e6) / deliveries;
}

async function check(name: VariantName, { server, delivery, shows }: Variant): Promise<void> {
  const { path, headers, body } = delivery;
  const url = `http://127.0.0.1:${server.port}${path}`;
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.arrayBuffer();
  if (response.status !== 204 || (shows !== undefined && !response.headers.has(shows))) {
    throw new Error(
      `${name}: answered ${response.status} ${JSON.stringify([...response.headers])}`,
    );
  }
}
