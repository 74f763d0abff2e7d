import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from './raw-http.ts';

type Cells = Record<string, unknown>;

/** What a user needs. `row` is null where nothing may be stored; columns that it does not name are free. */
export interface Right {
  status: number;
  headers?: Record<string, string>;
  row?: Cells | null;
  rows?: Cells[];
  /** The columns of which a dead letter says that they were left out of the row, sorted. */
  inPart?: string[];
  /** A dead letter is all that is stored. */
  dead?: true;
  /** Of the answer. */
  body?: string;
}

/** A delivery as a real sender makes it, and what must become of it. */
export interface DeliveryCase {
  id: string;
  kind: string;
  method: string;
  stream: string;
  /** The text of the stream's config. */
  config: string;
  secrets: Record<string, string>;
  /** As it goes on the request line. */
  path: string;
  headers: Record<string, string>;
  /** In base64, or as text, or as one text many times. */
  body?: string | null;
  text?: string;
  bodyRepeat?: { before: string; text: string; times: number; after: string };
  /** The body holds `{t}` too. */
  bodyHasTime?: boolean;
  /** How long ago it was signed, in milliseconds. */
  ageMs?: number;
  sign?: Sign;
  right: Right & { or?: Right };
}

/** An HMAC that is made anew for the present: `{t}` is the time in `unit`, `{sig}` the HMAC of `message`. */
interface Sign {
  hash: string;
  key: string;
  keyEncoding: 'utf8' | 'base64' | 'hex';
  encoding: 'hex' | 'base64';
  message: string;
  unit: 's' | 'ms' | 'iso';
  set: Record<string, string>;
}

export function readCases(name: string): DeliveryCase[] {
  const file = new URL(`../fixtures/${name}`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: DeliveryCase[] }).cases;
}

/** Everything that the cases' streams are made of; of one stream there is one config. */
export function configOf(cases: readonly DeliveryCase[]) {
  const streams: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  for (const { id, stream, config, secrets: own } of cases) {
    const { [stream]: known = config } = streams;
    if (known !== config) throw new Error(`${id}: ${stream} has two configs`);
    streams[stream] = config;
    Object.assign(secrets, own);
  }
  return { streams, secrets };
}

/** The request, byte for byte, signed at `now` (Unix milliseconds) by code that the relay does not share. */
export function requestOf(of: DeliveryCase, now: number): Buffer {
  const time = timeText(now - (of.ageMs ?? 0), of.sign?.unit ?? 's');
  const body = bodyOf(of, time);
  const headers = { ...of.headers, ...(of.sign && signed(of.sign, body, time)) };
  return request(of.method, of.path, Object.entries(headers), body);
}

function bodyOf({ body, text, bodyRepeat, bodyHasTime }: DeliveryCase, time: string): Buffer {
  if (bodyRepeat) {
    const { before, text: repeated, times, after } = bodyRepeat;
    return Buffer.from(before + repeated.repeat(times) + after);
  }
  const bytes = text === undefined ? Buffer.from(body ?? '', 'base64') : Buffer.from(text);
  return bodyHasTime ? Buffer.from(bytes.toString().replaceAll('{t}', time)) : bytes;
}

function signed(sign: Sign, body: Buffer, time: string): Record<string, string> {
  const hmac = createHmac(sign.hash, Buffer.from(sign.key, sign.keyEncoding));
  for (const [index, part] of sign.message.split('{body}').entries()) {
    if (index > 0) hmac.update(body);
    hmac.update(part.replaceAll('{t}', time));
  }
  const signature = hmac.digest(sign.encoding);
  return Object.fromEntries(
    Object.entries(sign.set).map(([name, value]) => [
      name,
      value.replaceAll('{t}', time).replaceAll('{sig}', signature),
    ]),
  );
}

function timeText(time: number, unit: Sign['unit']): string {
  if (unit === 'iso') return new Date(time).toISOString();
  return String(unit === 's' ? Math.floor(time / 1000) : time);
}
