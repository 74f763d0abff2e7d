import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Relay } from '../shared/config/config.ts';
import { secretPrefix } from '../shared/config/secrets.ts';
import type { AllowedHosts } from './guards/request-guard.ts';
import type { PartName } from './parts/part.ts';
import { type PartListeners, PartProcess } from './parts/part-process.ts';
import { type Ports, type RunningPorts, requireFree } from './parts/ports.ts';
import { exportStreams, startSenderApis } from './samples/sender-apis.ts';
import type { Secrets } from './secrets.ts';
import { type Servers, serverVariables, startServers } from './servers.ts';
import { claimState } from './state-version.ts';

export interface StackOptions extends PartListeners {
  relay: Relay;
  /** The file that exports the relay. */
  config: string;
  ports: Ports;
  /** The folder of messages and tables. A later start continues with them. */
  directory: string;
  secrets: Secrets;
  /** Additional host names that the servers other than the edge accept. */
  allowHosts?: AllowedHosts;
}

/** What changes when the stack goes on with another config. */
interface StackChange {
  relay: Relay;
  secrets: Secrets;
  /** Of the Worker's bindings alone: then the subscriber stays. */
  isEdgeAlone: boolean;
}

export interface Stack {
  /** They may change with a restart. */
  readonly ports: RunningPorts;
  /** False if the console's port was taken: the relay runs on. */
  readonly hasConsole: boolean;
  /**
   * Restarts the subscriber and the edge on the same ports; Pub/Sub and BigQuery stay. If the new subscriber does not
   * start, everything goes on as before.
   *
   * @throws RelayError of the part that does not start
   */
  restart(change: StackChange): Promise<void>;
  /** Stops the edge, drains the subscriber, then stops the servers; within 5 s, by force if necessary. */
  stop(): Promise<void>;
}

/** The time limit of each part's stop, with the servers' 1.2 s less than the 5 s of `stop`. */
const stopWithinMs = { edge: 1200, subscriber: 2500 } as const;

/**
 * Starts the whole relay on 127.0.0.1: the Worker in workerd, the subscriber, and the local servers in the
 * place of Google's. If one part does not start, all others are stopped.
 */
export async function startStack(given: StackOptions): Promise<Stack> {
  let options = given;
  await requireFree(options.ports);
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  claimState(options.directory);
  const parts = new Map<PartName, PartProcess>();
  const ports: RunningPorts = { ...options.ports };
  const { allowHosts = [] } = options;

  const start = async (name: PartName, config: object, environment: NodeJS.ProcessEnv = {}) => {
    const part = new PartProcess(name, config, environment, options);
    parts.set(name, part);
    Object.assign(ports, await part.ready);
  };
  let servers: Servers | undefined;
  let hasConsole = false;
  const introduceEdge = () =>
    parts.get('subscriber')?.tell({ edge: `http://127.0.0.1:${ports.edge}` });
  const startSubscriber = () => {
    const { config } = options;
    return new PartProcess(
      'subscriber',
      { config },
      subscriberEnvironment(options, ports),
      options,
    );
  };
  const startEdge = () =>
    start('edge', {
      port: ports.edge,
      relayConfig: options.config,
      ...wranglerBeside(options.config),
      bindings: {
        // A developer wants to see every delivery, and here a line costs nothing.
        EDGE_LOG: 'all',
        ...options.secrets,
        PUBSUB_ENDPOINT: `http://127.0.0.1:${ports.pubsub}`,
      },
    });
  let senderApis = await startSenderApis(options.relay, options.secrets, ports, allowHosts);
  Object.assign(ports, senderApis.ports);

  const restartParts = async ({ isEdgeAlone, ...change }: StackChange) => {
    const before = options;
    options = { ...options, ...change };
    if (!isEdgeAlone) {
      // Both may pull for a moment: an envelope that comes twice is recognised by its delivery_id.
      const next = startSubscriber();
      try {
        Object.assign(ports, await next.ready);
      } catch (error) {
        options = before;
        throw error;
      }
      const last = parts.get('subscriber');
      parts.set('subscriber', next);
      await last?.stop(stopWithinMs.subscriber);
      await senderApis.stop();
      senderApis = await startSenderApis(options.relay, options.secrets, ports, allowHosts);
    }
    await parts.get('edge')?.stop(stopWithinMs.edge);
    await startEdge();
    introduceEdge();
  };
  let restarted = Promise.resolve();
  const restart = (change: StackChange) => {
    const done = restarted.then(() => restartParts(change));
    restarted = done.catch(() => {});
    return done;
  };

  const stop = async () => {
    await restarted;
    await parts.get('edge')?.stop(stopWithinMs.edge);
    await parts.get('subscriber')?.stop(stopWithinMs.subscriber);
    await Promise.all([servers?.stop(), senderApis.stop()]);
  };
  try {
    servers = await startServers({ ...options, ports, allowHosts });
    Object.assign(ports, servers.ports);
    // The subscriber creates the topic and the tables, so the edge starts after it.
    const subscriber = startSubscriber();
    parts.set('subscriber', subscriber);
    const ready = await subscriber.ready;
    hasConsole = ready['console'] !== undefined;
    Object.assign(ports, ready);
    await startEdge();
    introduceEdge();
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, hasConsole, restart, stop };
}

function wranglerBeside(config: string): { wranglerConfig?: string } {
  const file = join(dirname(config), 'wrangler.toml');
  return existsSync(file) ? { wranglerConfig: file } : {};
}

/** The environment of a production deployment, except for the endpoints. */
function subscriberEnvironment(options: StackOptions, ports: Ports): NodeJS.ProcessEnv {
  const apiUrls = exportStreams(options.relay).map((name) => [
    `${secretPrefix(name)}_API_URL`,
    `http://127.0.0.1:${ports.absmartly}`,
  ]);
  return {
    ...Object.fromEntries(apiUrls),
    ...options.secrets,
    CONSOLE_PORT: String(ports.console),
    ...serverVariables(ports),
    // Local servers answer at once or never, and Ctrl-C must not wait.
    STOP_WITHIN_SECONDS: '2.2',
  };
}
