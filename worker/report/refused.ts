import { nearestName } from '../../shared/nearest-name.ts';
import type { RefusedDelivery } from '../../shared/report/refused.ts';
import { likelyMistake, SearchBudget } from '../../shared/signatures/mistakes/likely-mistake.ts';
import type { StreamSecret } from '../../shared/signatures/mistakes/refused-request.ts';
import type { Cause, SignedRequest } from '../../shared/signatures/verify/verify.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Outcome } from '../outcome.ts';
import { type Delivery, pathOf, targetOf } from '../receive/delivery.ts';
import { maskHeaders, maskPath } from './mask.ts';

// A flood must cost next to nothing: the ledger admits three deliveries of a stream and cause to each report, and these
// are the limits of all together. The mistake is looked for when the report is made, after the answer.

/** How many deliveries of one stream, minute, outcome and cause are kept for a report. */
export const samplesOfEach = 3;

const maxSamples = 50;
/** Of masked headers and of beginnings of bodies, in characters. */
const maxLength = 64 * 1024;
/** Of whole bodies, in memory until the mistake is found. */
const maxBodyBytes = 512 * 1024;
const maxBodyOfOne = 128 * 1024;

/** A request that was refused, as far as it came. */
export interface RefusedRequest {
  request: Request;
  receivedAt: number;
  endpoint?: Endpoint;
  /** Absent if it reached no endpoint. */
  delivery?: Delivery;
}

interface Sample {
  refused: RefusedDelivery;
  endpoint?: Endpoint;
  /** With headers and body of its own: the request is over by the time it is read. */
  delivery?: SignedRequest;
  cameTo: string;
}

type Endpoints = ReadonlyMap<string, Endpoint>;
/** Gives the value of a secret by its name. */
type SecretOf = (name: string) => string;

/** Deliveries that were refused since the last report, with what helps to find out why. */
export class RefusedSamples {
  readonly #endpoints: Endpoints;
  #samples: Sample[] = [];
  #length = 0;
  #bodyBytes = 0;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** @param bodyBytes how much of the body is kept */
  add({ outcome, facts }: Outcome, refused: RefusedRequest, bodyBytes: number): void {
    if (this.#samples.length >= maxSamples || this.#length >= maxLength) return;
    const { request, receivedAt, endpoint, delivery } = refused;
    const path = pathOf(targetOf(request));
    const headers = [...request.headers] as [string, string][];
    const sample: RefusedDelivery = {
      stream: endpoint?.stream.name ?? '',
      at: receivedAt,
      ...(delivery && { deliveryId: delivery.id }),
      outcome,
      ...(facts?.cause !== undefined && { cause: facts.cause.slice(0, 200) }),
      method: request.method.slice(0, 20),
      path: maskPath(path, (name) => this.#endpoints.has(name)),
      headers: maskHeaders(headers),
      ...(facts?.bytes !== undefined && { bytes: facts.bytes }),
      ...(facts?.problem !== undefined && { hint: facts.problem }),
    };
    const body = delivery?.body;
    if (body && body.byteLength > 0 && bodyBytes > 0) {
      sample.body = body.slice(0, bodyBytes).toBase64();
    }
    this.#length += JSON.stringify(sample).length;
    this.#samples.push({
      refused: sample,
      cameTo: request.url,
      ...(endpoint && { endpoint }),
      ...(delivery && this.#admitsBody(delivery.body) && { delivery: copyOf(delivery, headers) }),
    });
  }

  /** Looks for the likely mistake of each. Only then may they be taken. */
  async explain(secretOf: SecretOf): Promise<void> {
    const budget = new SearchBudget();
    for (const sample of this.#samples) {
      if (sample.refused.hint !== undefined) continue;
      const hint = await hintOf(sample, this.#endpoints, secretOf, budget);
      if (hint !== undefined) sample.refused.hint = hint;
    }
  }

  /** Returns the samples, and begins anew. */
  take(secretOf: SecretOf): RefusedDelivery[] {
    const secrets = secretsOf(this.#endpoints, secretOf).map(({ value }) => value.trim());
    const samples = this.#samples.map(({ refused }) => withoutSecrets(refused, secrets));
    this.#samples = [];
    this.#length = 0;
    this.#bodyBytes = 0;
    return samples;
  }

  #admitsBody({ byteLength }: Uint8Array): boolean {
    if (byteLength > maxBodyOfOne || this.#bodyBytes + byteLength > maxBodyBytes) return false;
    this.#bodyBytes += byteLength;
    return true;
  }
}

function copyOf({ method, url, body, key }: Delivery, headers: [string, string][]): SignedRequest {
  return { method, url, body, headers: new Headers(headers), ...(key !== undefined && { key }) };
}

async function hintOf(
  { refused, endpoint, delivery, cameTo }: Sample,
  endpoints: Endpoints,
  secretOf: SecretOf,
  budget: SearchBudget,
): Promise<string | undefined> {
  const { outcome, cause, path } = refused;
  if (outcome === 'unknown-stream') return misspelt(path, endpoints);
  if (!endpoint) return undefined;
  if (outcome === 'wrong-method') return `this endpoint takes ${endpoint.methods.join(', ')}`;
  const isUnproven = outcome === 'unauthorized' || outcome === 'too-many-failures';
  if (!isUnproven || !delivery) return undefined;
  const { stream, scheme } = endpoint;
  const question = {
    cause: cause as Cause,
    scheme,
    request: delivery,
    secrets: stream.secrets.map(secretOf),
    others: secretsOf(endpoints, secretOf).filter((one) => one.stream !== stream.name),
    cameTo,
    now: refused.at,
  };
  try {
    return await likelyMistake(question, budget);
  } catch {
    // Such as JSON that is nested too deeply. The delivery was refused either way.
    return undefined;
  }
}

/** A path that has been masked still names a stream. */
function misspelt(path: string, endpoints: Endpoints): string | undefined {
  const [, first = '', ...more] = path.split('/');
  const endpoint = endpoints.get(first);
  if (endpoint) {
    const { name } = endpoint.stream;
    if (!endpoint.keyed) return `"${name}" takes no more path than /${name}`;
    return more.length > 1 ? 'there is more than a key after the name' : 'the key is empty';
  }
  const nearest = first.startsWith('(') ? undefined : nearestName(first, endpoints.keys());
  return nearest && `did you mean /${nearest}?`;
}

function secretsOf(endpoints: Endpoints, secretOf: SecretOf): StreamSecret[] {
  return [...endpoints.values()].flatMap(({ stream }) =>
    stream.secrets.map((name) => ({ stream: stream.name, value: secretOf(name) })),
  );
}

/** Shorter texts occur by chance, and no secret is as short. */
const minSecretLength = 6;

/** A sender may put a secret anywhere, such as into the User-Agent. */
function withoutSecrets(refused: RefusedDelivery, secrets: readonly string[]): RefusedDelivery {
  const clean = (text: string) =>
    secrets.reduce(
      (kept, secret) =>
        secret.length < minSecretLength ? kept : kept.replaceAll(secret, '(a secret)'),
      text,
    );
  const headers = Object.entries(refused.headers).map(([name, value]) => [name, clean(value)]);
  const body = refused.body === undefined ? undefined : cleanBytes(refused.body, clean);
  return {
    ...refused,
    path: clean(refused.path),
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body }),
  };
}

/** As text of bytes, whatever its encoding: a secret is ASCII as a rule. */
function cleanBytes(base64: string, clean: (text: string) => string): string {
  return btoa(clean(atob(base64)));
}
