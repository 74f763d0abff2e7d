import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { sampleOf, signBytes } from '../samples/deliveries.ts';
import { privateKeyName } from '../secrets.ts';
import type { TrialOptions, TriedRequest } from './trial.ts';

/** What is signed. */
export interface TestDraft {
  /** By default a sample of the stream's sender. */
  body?: string | Uint8Array;
  /** By default JSON, or that of the sample. */
  contentType?: string;
  /** By default those of the sample. */
  headers?: Readonly<Record<string, string>>;
  /** Which sample: an event that `npx tributary send <stream> --list-events` prints. */
  event?: string;
}

/** Where no `publicUrl` is configured, the schemes sign no URL: any will do. */
const anyUrl = 'https://hooks.example.com';

/**
 * A delivery as the stream's sender makes it, with its signature or key.
 *
 * ```ts
 * const secrets = { BILLING_SECRET: 'whsec_of_the_tests' };
 * const delivery = await signDelivery(relay, 'billing', { event: 'invoice.paid' }, { secrets });
 * expect(await tryDelivery(relay, 'billing', delivery, { secrets })).toMatchObject({ outcome: 'accepted' });
 * ```
 *
 * Of a sender with a key pair, the private key is `<SECRET>_PRIVATE_KEY` (PKCS #8, base64).
 *
 * @throws RelayError `stream.unknown`, `secret.missing`, `delivery.event`
 * @throws TypeError if the body lacks what is signed
 */
export async function signDelivery(
  relay: Relay,
  streamName: string,
  { body, contentType, headers, event }: TestDraft = {},
  { secrets = {}, now = Date.now() }: TrialOptions = {},
): Promise<Required<TriedRequest>> {
  const stream = relay.streams.get(streamName);
  if (!stream) throw new RelayError('stream.unknown', `no stream "${streamName}"`);
  const name = stream.secrets[0] ?? '';
  const secret = secrets[privateKeyName(name)] ?? secrets[name];
  if (!secret) throw new RelayError('secret.missing', `${name} is not among the secrets`);
  const sample =
    body === undefined
      ? sampleOf(stream, { now, ...(event !== undefined && { event }) })
      : undefined;
  const sent = body ?? sample?.body ?? '';
  const draft = {
    body: typeof sent === 'string' ? encode(sent) : new Uint8Array(sent),
    contentType: contentType ?? sample?.contentType ?? 'application/json',
    headers: lowerCase(headers ?? sample?.headers ?? {}),
  };
  const edge = relay.publicUrl ?? anyUrl;
  const signed = await signBytes(draft, stream, { relay, secret, edge, now });
  return {
    method: 'POST',
    url: signed.url,
    headers: { 'content-type': draft.contentType, ...signed.headers },
    body: signed.body,
  };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
