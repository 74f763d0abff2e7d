import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { filterOf } from '../../shared/filters/filter.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign/sign.ts';
import { sources } from '../../shared/sources/registry.ts';
import { privateKeyName, type Secrets } from '../secrets.ts';
import type { Draft } from './drafts.ts';
import { type FoundSample, findSamples, unknownEvent } from './find-samples.ts';
import { emptySample, fillSample, takesForm } from './sample-event.ts';
import { type Moment, momentAt } from './senders/sample.ts';

const jsonType = 'application/json';
const formType = 'application/x-www-form-urlencoded';

/** A delivery that can be sent. */
export interface SignedDelivery extends Draft {
  url: string;
  headers: Record<string, string>;
}

/** A sample delivery of a stream's sender. */
export interface Sample extends Draft {
  /** The name of its first event, as `--event` takes it. */
  event: string;
  headers: Record<string, string>;
}

export interface SampleOptions {
  /** By default the sender's usual one that the stream's filter passes. */
  event?: string;
  /** Unix milliseconds; by default the present. */
  now?: number;
}

/**
 * A sample delivery of the stream's sender, with new ids, and a value wherever the stream reads one.
 *
 * @throws RelayError `delivery.event` if the sender has no such event
 */
export function sampleOf(stream: RelayStream, options: SampleOptions = {}): Sample {
  const at = momentAt(options.now ?? Date.now());
  const found = findSamples(stream);
  if (found.length === 0) return makeSample(stream, at, options.event);
  const named = found.find(({ event }) => event === options.event);
  if (options.event !== undefined && !named) throw unknownEvent(stream, options.event);
  const made = (named ? [named] : found).map((sample) => fromSender(sample, stream, at));
  const sample = made.find((delivery) => passes(delivery, stream)) ?? made[0];
  if (!sample) throw unknownEvent(stream, '');
  return sample;
}

/** Whether the stream's filter passes any of its events. */
function passes({ body, contentType, headers }: Sample, stream: RelayStream): boolean {
  const delivery = {
    body: new TextEncoder().encode(body),
    contentType,
    header: (name: string) => headers[name],
  };
  const reading = sources[stream.source].read(delivery, stream);
  return reading.kind === 'events' && reading.events.some(filterOf(stream).passes);
}

/** A delivery of a sender that only the config knows. */
function makeSample(stream: RelayStream, at: Moment, name?: string): Sample {
  const event = name ?? stream.filter?.events?.[0] ?? 'test';
  const { json, headers } = fillSample(emptySample(stream), stream, at, event);
  if (!takesForm(stream)) return { event, headers, body: json, contentType: jsonType };
  return { event, headers, body: toForm(json), contentType: formType };
}

function fromSender(sample: FoundSample, stream: RelayStream, at: Moment): Sample {
  const { event } = sample;
  const given = sample.body(at);
  const headers = sample.headers(at);
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  if (text.startsWith('{') || text.startsWith('[')) {
    const filled = fillSample({ json: text, headers }, stream, at, event);
    return { event, headers: filled.headers, body: filled.json, contentType: jsonType };
  }
  if (text.startsWith('<')) return { event, headers, body: text, contentType: 'application/xml' };
  if (!/^[\w%.+-]+=/.test(text)) {
    return { event, headers, body: text, contentType: 'text/plain; charset=utf-8' };
  }
  const json = JSON.stringify(Object.fromEntries(new URLSearchParams(text)));
  const filled = fillSample({ json, headers }, stream, at, event);
  return {
    event,
    headers: filled.headers,
    body: filled.json === json ? text : toForm(filled.json),
    contentType: formType,
  };
}

/** A flat object as a form. */
function toForm(json: string): string {
  return new URLSearchParams(JSON.parse(json) as Record<string, string>).toString();
}

export interface SendingSide {
  relay: Relay;
  secrets: Secrets;
  /** The edge: `http://127.0.0.1:8787` on this machine. */
  edge: string;
  /** Unix milliseconds. */
  now: number;
}

/**
 * Signs a draft as the stream's sender does: with a header, the key at the end of the path, or a member of
 * the body. Rejects with a TypeError if only the sender can sign: with a private key, or with values that
 * this body does not have.
 */
export async function signDelivery(
  { body, contentType, headers = {} }: Draft,
  stream: RelayStream,
  { secrets, ...side }: SendingSide,
): Promise<SignedDelivery> {
  const bytes = new TextEncoder().encode(body);
  const name = stream.secrets[0] ?? '';
  const secret = secrets[privateKeyName(name)] ?? secrets[name] ?? '';
  const signed = await signBytes({ body: bytes, contentType, headers }, stream, {
    ...side,
    secret,
  });
  return { ...signed, body: new TextDecoder().decode(signed.body), contentType };
}

/** A request body as bytes, before it is signed. */
export interface DraftBytes {
  body: Uint8Array<ArrayBuffer>;
  contentType: string;
  headers?: Record<string, string>;
}

/**
 * As signDelivery, for a binary body and with the given secret (the private key of a key pair). Returns the headers of
 * the draft and those of the signature.
 */
export async function signBytes(
  { body, contentType, headers = {} }: DraftBytes,
  stream: RelayStream,
  { relay, secret, edge, now }: Omit<SendingSide, 'secrets'> & { secret: string },
): Promise<{ url: string; headers: Record<string, string>; body: Uint8Array<ArrayBuffer> }> {
  // Some senders sign the URL that they know, which is the public one.
  const publicUrl = relay.publicUrl ?? edge;
  const url = `${publicUrl}/${stream.name}`;
  const request = {
    method: 'POST',
    url,
    headers: new Headers({ 'content-type': contentType, ...headers }),
    body,
  };
  const signed = await signRequest(schemeOf(stream), request, secret, now);
  return {
    url: edge + (signed.url ?? url).slice(publicUrl.length),
    headers: { ...headers, ...signed.headers },
    body: signed.body ?? body,
  };
}
