import type { Relay } from '../../shared/config/config.ts';
import { sources } from '../../shared/sources/registry.ts';
import { startAbsmartly } from '../absmartly/main.ts';
import { startDatanostro } from '../datanostro/main.ts';
import type { AllowedHosts } from '../guards/request-guard.ts';
import type { Ports } from '../parts/ports.ts';
import { apiKeyName, type Secrets } from '../secrets.ts';

export interface Senders {
  readonly ports: Pick<Ports, 'absmartly' | 'datanostro'>;
  stop(): Promise<void>;
}

/**
 * Starts what stands in for the senders' own APIs, with the keys that the streams have for them.
 *
 * @throws RelayError `port.taken`
 */
export async function startSenders(
  relay: Relay,
  secrets: Secrets,
  ports: Senders['ports'],
  allowHosts: AllowedHosts = [],
): Promise<Senders> {
  const keysOf = (streams: readonly string[]) =>
    streams.flatMap((name) => secrets[apiKeyName(name)] ?? []);
  const [exportKey = ''] = keysOf(exportStreams(relay));
  const absmartly = await startAbsmartly({
    port: ports.absmartly,
    apiKey: exportKey,
    allowHosts,
  });
  const apiKeys = keysOf(historyStreams(relay));
  const datanostro = await startDatanostro({ port: ports.datanostro, apiKeys, allowHosts }).catch(
    async (error: unknown) => {
      await absmartly.stop();
      throw error;
    },
  );
  return {
    ports: { absmartly: absmartly.port, datanostro: datanostro.port },
    async stop() {
      await Promise.all([absmartly.stop(), datanostro.stop()]);
    },
  };
}

/** The streams that are filled with files, which ABsmartly's API has. */
export function exportStreams(relay: Relay): string[] {
  return [...relay.streams.values()]
    .filter((stream) => sources[stream.source].delivers === 'exports')
    .map((stream) => stream.name);
}

/** The streams whose history DataNostro's API has. */
export function historyStreams(relay: Relay): string[] {
  return [...relay.streams.values()]
    .filter((stream) => stream.source === 'datanostro')
    .map((stream) => stream.name);
}
