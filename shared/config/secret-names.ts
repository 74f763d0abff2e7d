import type { SchemeName } from '../signatures/schemes.ts';

/** `crm-eu` → `CRM_EU`: what the names of a stream's secrets and settings begin with. */
export function secretPrefix(streamName: string): string {
  return streamName.toUpperCase().replaceAll('-', '_');
}

/** The secret of a stream that names none. */
export function defaultSecret(streamName: string, scheme: SchemeName): string {
  return `${secretPrefix(streamName)}_${scheme === 'endpoint-key' ? 'KEY' : 'SECRET'}`;
}
