import { misreadSecret } from '../signatures/keys/keys.ts';
import { type SchemeName, schemes } from '../signatures/schemes.ts';
import type { RelayStream } from './config.ts';

/**
 * Which secrets of a stream can't be read as its scheme needs them, and the form that each should have; never
 * what is in them.
 *
 * @param read the value of a secret; empty where it is not set
 */
export async function misreadSecrets(
  stream: Pick<RelayStream, 'name' | 'scheme' | 'secrets'>,
  read: (secretName: string) => string | undefined,
): Promise<string[]> {
  const problems: string[] = [];
  for (const secret of stream.secrets) {
    const expected = await misreadSecret(schemes[stream.scheme], read(secret) ?? '');
    if (expected !== undefined) {
      problems.push(
        `${secret} can't be read as a key of "${stream.scheme}": it must be ${expected}`,
      );
    }
  }
  return problems;
}

/** `crm-eu` → `CRM_EU`: what the names of a stream's secrets and settings begin with. */
export function secretPrefix(streamName: string): string {
  return streamName.toUpperCase().replaceAll('-', '_');
}

/** The secret of a stream that names none. */
export function defaultSecret(streamName: string, scheme: SchemeName): string {
  return `${secretPrefix(streamName)}_${scheme === 'endpoint-key' ? 'KEY' : 'SECRET'}`;
}
