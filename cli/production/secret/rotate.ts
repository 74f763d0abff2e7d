import type { Relay, RelayStream } from '../../../shared/config/config.ts';
import { edgeSecrets } from '../../../shared/config/secrets.ts';
import { RelayError } from '../../../shared/errors.ts';
import { readSecretsFile } from '../../find/secrets.ts';
import { type SecretPlaces, type SecretReport, storeSecret } from './places.ts';

const maxSecrets = 4;

/**
 * Adds a secret beside those of the stream. The config lists it afterwards: an edge that lists a secret and does not
 * have it answers 503 to what no other secret matches. Run again before that, it changes nothing.
 *
 * @param readSecret what the user gives; absent: one is generated
 * @throws RelayError `secret.too-many`
 */
export async function rotate(
  relay: Relay,
  stream: RelayStream,
  readSecret: (name: string) => Promise<string | undefined>,
  places: SecretPlaces,
): Promise<SecretReport> {
  const { secrets, name } = stream;
  if (secrets.length >= maxSecrets) {
    const problem = `the stream "${name}" has ${maxSecrets} secrets, and may have no more: ${secrets.join(', ')}`;
    throw new RelayError('secret.too-many', problem);
  }
  const added = nextName(relay, stream);
  const known = readSecretsFile(places.file)[added];
  const given = await readSecret(added);
  const stored = await storeSecret(stream, added, { given, known }, places);
  const list = [added, ...secrets].map((secret) => `'${secret}'`).join(', ');
  return {
    stream: name,
    done: true,
    secrets: [stored],
    next: [
      `tributary.config.ts, stream ${name}: secrets: [${list}],   // the newest first`,
      `wrangler.toml, [secrets] required: add "${added}"`,
      'npx tributary deploy',
      given === undefined
        ? `give it to the sender: npx tributary secret ${name} --show --name ${added}`
        : 'let the sender sign with it',
      ...secrets.map(
        (old) => `npx tributary secret ${name} retire ${old}   # when only ${added} matches`,
      ),
    ],
  };
}

/** `BILLING_SECRET` → `BILLING_SECRET_2`; the first that no stream has. */
function nextName(relay: Relay, { secrets }: RelayStream): string {
  const taken = new Set([...relay.streams.values()].flatMap((each) => edgeSecrets(each)));
  const base = (secrets[0] ?? '').replace(/_\d+$/, '');
  for (let number = 2; ; number++) {
    const name = `${base}_${number}`;
    if (!taken.has(name)) return name;
  }
}
