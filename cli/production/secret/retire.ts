import type { Relay, RelayStream } from '../../../shared/config/config.ts';
import { edgeSecrets, secretPrefix } from '../../../shared/config/secrets.ts';
import { RelayError } from '../../../shared/errors.ts';
import { type Matches, readMatches } from './evidence.ts';
import type { SecretPlaces, SecretReport } from './places.ts';
import { removeVariable } from './secrets-file.ts';

export interface RetireOptions {
  name: string;
  days: number;
  /** Without evidence. */
  force: boolean;
}

/**
 * Deletes a secret that no delivery matches any longer. While the config lists it, only the evidence is looked at: an
 * edge that lists a secret and does not have it answers 503 to what no other secret matches.
 *
 * @throws RelayError `secret.unknown`, `secret.last`, `secret.evidence` or `secret.in-use`
 */
export async function retire(
  relay: Relay,
  stream: RelayStream,
  { name, days, force }: RetireOptions,
  places: SecretPlaces,
): Promise<SecretReport> {
  requireOwn(relay, stream, name);
  if (!force)
    requireUnused(stream, name, days, await readMatches(places.folder, stream.name, days));
  if (stream.secrets.includes(name)) return stepsBefore(stream, name);
  const here = removeVariable(places.file, name) ? 'removed' : 'absent';
  if (!places.store)
    return { stream: stream.name, done: true, secrets: [{ name, here }], next: [] };
  const isThere = (await places.store.names()).includes(name);
  if (isThere) await places.store.remove(name);
  const cloudflare = isThere ? 'removed' : 'absent';
  return { stream: stream.name, done: true, secrets: [{ name, here, cloudflare }], next: [] };
}

function requireOwn(relay: Relay, stream: RelayStream, name: string): void {
  const prefix = `${secretPrefix(stream.name)}_`;
  const reserved = [`${prefix}API_KEY`, `${prefix}VERIFY_TOKEN`].includes(name);
  const isOwn = stream.secrets.includes(name) || (name.startsWith(prefix) && !reserved);
  if (!isOwn) {
    const known = stream.secrets.join(', ');
    const problem = `${name} is not a secret of the stream "${stream.name}", which has ${known}`;
    throw new RelayError('secret.unknown', problem);
  }
  const user = [...relay.streams.values()].find(
    (other) => other.name !== stream.name && edgeSecrets(other).includes(name),
  );
  if (user) {
    throw new RelayError('secret.in-use', `the stream "${user.name}" has the secret ${name} too`);
  }
  if (stream.secrets.length === 1 && stream.secrets[0] === name) {
    const problem = `${name} is the only secret of the stream "${stream.name}"`;
    throw new RelayError('secret.last', problem);
  }
}

function requireUnused(stream: RelayStream, name: string, days: number, matches: Matches): void {
  const lately = `in the last ${days === 1 ? 'day' : `${days} days`}`;
  const own = matches.get(name);
  if (own && own.deliveries > 0) {
    throw new RelayError(
      'secret.in-use',
      `${name} matched ${own.deliveries} deliveries ${lately}, the last at ${own.last}`,
    );
  }
  const others = stream.secrets.filter((other) => other !== name);
  if (others.some((other) => (matches.get(other)?.deliveries ?? 0) > 0)) return;
  throw new RelayError(
    'secret.evidence',
    `no delivery matched ${others.join(' or ')} ${lately}: that does not show that the sender uses it`,
  );
}

function stepsBefore(stream: RelayStream, name: string): SecretReport {
  const left = stream.secrets.filter((other) => other !== name).map((other) => `'${other}'`);
  return {
    stream: stream.name,
    done: false,
    secrets: [{ name, here: 'kept' }],
    next: [
      `tributary.config.ts, stream ${stream.name}: secrets: [${left.join(', ')}],`,
      `wrangler.toml, [secrets] required: take out "${name}"`,
      'npx tributary deploy',
      `npx tributary secret ${stream.name} retire ${name}   # again: then it is deleted`,
    ],
  };
}
