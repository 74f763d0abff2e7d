import type { Relay } from '../../shared/config/config.ts';
import { sources } from '../../shared/sources/registry.ts';
import { startAbsmartly } from '../absmartly/main.ts';
import { startDatanostro } from '../datanostro/main.ts';
import type { AllowedHosts } from '../guards/request-guard.ts';
import type { Ports } from '../parts/ports.ts';
import { apiKeyName, type Secrets } from '../secrets.ts';

export interface SenderApis {
  readonly ports: Pick<Ports, 'absmartly' | 'datanostro'>;
  stop(): Promise<void>;
}

/**
 * Starts the stand-ins for the senders' own APIs, with the API keys of the streams.
 *
 * @throws RelayError `port.taken`
 */
export async function startSenderApis(
  relay: Relay,
  secrets: Secrets,
  ports: SenderApis['ports'],
  allowHosts: AllowedHosts = [],
): Promise<SenderApis> {
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

/** The streams that load export files, which ABsmartly's API serves. */
export function exportStreams(relay: Relay): string[] {
  return [...relay.streams.values()]
    .filter((stream) => sources[stream.source].delivers === 'exports')
    .map((stream) => stream.name);
}

/** The streams whose history DataNostro's API serves. */
export function historyStreams(relay: Relay): string[] {
  return [...relay.streams.values()]
    .filter((stream) => stream.source === 'datanostro')
    .map((stream) => stream.name);
}
