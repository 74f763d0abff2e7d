import { misreadSecret } from '../signatures/keys/keys.ts';
import { nameOf, type SchemeChoice, schemeOf } from '../signatures/schemes.ts';
import type { RelayStream } from './config.ts';

/**
 * The secrets of a stream that can't be read as keys of its scheme, each with the form that it must have. Never shows
 * their contents.
 *
 * @param read gives the value of a secret; empty if it is not set
 */
export async function misreadSecrets(
  stream: Pick<RelayStream, 'name' | 'scheme' | 'secrets'>,
  read: (secretName: string) => string | undefined,
): Promise<string[]> {
  const problems: string[] = [];
  for (const secret of stream.secrets) {
    const expected = await misreadSecret(schemeOf(stream), read(secret) ?? '');
    if (expected !== undefined) {
      problems.push(
        `${secret} can't be read as a key of ${nameOf(stream.scheme)}: it must be ${expected}`,
      );
    }
  }
  return problems;
}

/** `crm-eu` → `CRM_EU`: the prefix of a stream's secrets and environment variables. */
export function secretPrefix(streamName: string): string {
  return streamName.toUpperCase().replaceAll('-', '_');
}

/** The Worker's secret with the key of the account that publishes. */
export const accountSecret = 'GOOGLE_SERVICE_ACCOUNT';

/** The name of the secret that Meta sends back when it checks an endpoint. */
export function verifyTokenName(streamName: string): string {
  return `${secretPrefix(streamName)}_VERIFY_TOKEN`;
}

/** The names of the secrets that the Worker reads for a stream. */
export function edgeSecrets({ name, secrets, handshake }: RelayStream): readonly string[] {
  return handshake === 'meta' ? [...secrets, verifyTokenName(name)] : secrets;
}

/** The name of a stream's secret where the stream names none. */
export function defaultSecret(streamName: string, scheme: SchemeChoice): string {
  return `${secretPrefix(streamName)}_${scheme === 'endpoint-key' ? 'KEY' : 'SECRET'}`;
}
