import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import { type Sample, sampleOf, signBytes } from '../../local/samples/deliveries.ts';
import { keyedLayout } from '../../shared/columns.ts';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { setMember } from '../../shared/json/json-edit.ts';
import { findValues } from '../../shared/json/json-path.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { hasKeyPair } from '../../shared/signatures/scheme.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { sources } from '../../shared/sources/registry.ts';
import { redactSecret } from '../terminal/redact-secret.ts';

/** What became of one signed delivery to a deployed edge. */
export interface ProbeResult {
  stream: string;
  /**
   * `row`: it is in the table. `filtered`: the stream's filter drops the sample. `accepted`: it is in Pub/Sub, and
   * where it goes then was not looked at. `no-row`: it is not in the table yet. `refused`: the edge did not take it.
   */
  outcome: 'row' | 'filtered' | 'accepted' | 'no-row' | 'refused' | 'unreachable';
  status?: number;
  deliveryId?: string;
  /** From the request to the edge's answer. */
  answerMs?: number;
  /** From the request until a query found the row. */
  rowMs?: number;
  /** What is wrong, and what to do. */
  problem?: string;
  /** The statement that deletes the row. */
  deletion?: string;
}

export interface Probe {
  relay: Relay;
  stream: RelayStream;
  /** `https://hooks.example.com` */
  edge: string;
  secret: string;
  /** Where the row is looked for; nowhere when absent. */
  bigquery?: BigQuery | undefined;
  rowWithinMs: number;
  /** Unix milliseconds, for the signature; the system's clock when absent. */
  now?: () => number;
}

const answerWithinMs = 15_000;
const firstPauseMs = 250;
const longestPauseMs = 2000;

/** Streams that a probe can be signed for here, and that become rows. */
export function canBeProbed(
  stream: RelayStream,
  secrets: Readonly<Record<string, string | undefined>>,
): boolean {
  const isRows = sources[stream.source].delivers === 'rows';
  return isRows && !hasKeyPair(schemeOf(stream)) && Boolean(secrets[stream.secrets[0] ?? '']);
}

/** Signs a sample as the stream's sender would, sends it, and waits for its row. */
export async function probeEdge(probe: Probe): Promise<ProbeResult> {
  const { stream, edge, secret, bigquery, rowWithinMs } = probe;
  const begun = performance.now();
  const since = () => Math.round(performance.now() - begun);
  let response: Response;
  try {
    response = await post(probe);
  } catch (error) {
    const { cause, message } = error as Error;
    const reason = cause instanceof Error && cause.message ? cause.message : message;
    const problem = `${new URL(edge).origin} does not answer: ${redactSecret(reason, secret)}`;
    return { stream: stream.name, outcome: 'unreachable', problem };
  }
  const deliveryId = response.headers.get('tributary-delivery-id') ?? undefined;
  const answered = {
    stream: stream.name,
    status: response.status,
    answerMs: since(),
    ...(deliveryId !== undefined && { deliveryId }),
  };
  await response.body?.cancel();
  if (!response.ok) {
    return { ...answered, outcome: 'refused', problem: whyRefused(response.status, stream) };
  }
  if (response.headers.get('tributary-outcome') === 'filtered') {
    return { ...answered, outcome: 'filtered' };
  }
  if (!bigquery || deliveryId === undefined) return { ...answered, outcome: 'accepted' };
  const column = idColumnOf(stream);
  if (column === undefined) return { ...answered, outcome: 'accepted' };
  const isThere = await waitForRow(
    bigquery,
    { table: stream.table, column, deliveryId },
    rowWithinMs,
  );
  const deletion = `DELETE FROM \`${stream.table}\`\nWHERE ${column} = "${deliveryId}"`;
  return isThere
    ? { ...answered, outcome: 'row', rowMs: since(), deletion }
    : {
        ...answered,
        outcome: 'no-row',
        problem: `no row in ${stream.table} within ${rowWithinMs / 1000} s: does a subscriber run? (npx tributary serve, or npx tributary drain)`,
      };
}

async function post({ relay, stream, edge, secret, now = Date.now }: Probe): Promise<Response> {
  const { body, contentType, headers } = markSample(sampleOf(stream), stream);
  const draft = { body: new TextEncoder().encode(body), contentType, headers };
  const signed = await signBytes(draft, stream, { relay, secret, edge, now: now() });
  return await fetch(signed.url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(answerWithinMs),
    headers: { 'content-type': contentType, ...signed.headers },
    body: signed.body,
  });
}

/**
 * Gives the event an id of its own that begins with `tributary-probe-`: in a table with a key, the probe then replaces
 * no row of the sender's. A sample whose id is no member of its own, or no text, stays as it is.
 */
function markSample(draft: Sample, stream: RelayStream): Sample {
  const path = idPathOf(stream);
  if (path === undefined) return draft;
  const [id] = findValues(draft.body, path) ?? [];
  if (!id?.startsWith('"')) return draft;
  const mark = JSON.stringify(`tributary-probe-${randomUUID()}`);
  return { ...draft, body: setMember(draft.body, path, mark) };
}

/** Where the id of the sample's only event stands, if only members lead to it. */
function idPathOf(stream: RelayStream): string[] | undefined {
  if (stream.source === 'datanostro') return ['id'];
  if (stream.source !== 'generic') return undefined;
  const { each, id } = planOf(stream);
  const [[place] = [], ...joined] = id;
  if (each || joined.length > 0 || place === undefined || !('path' in place)) return undefined;
  const names = place.path.filter((step) => typeof step === 'string');
  return names.length === place.path.length && names.length > 0 ? names : undefined;
}

function whyRefused(status: number, { name, secrets }: RelayStream): string {
  switch (status) {
    case 401:
      return `the edge takes another secret than ${secrets[0]} here: npx wrangler secret put ${secrets[0]}`;
    case 403:
      return `this address is not among allowedAddresses of "${name}"`;
    case 404:
      return `the edge knows no stream "${name}": was this config deployed, and is the URL right?`;
    case 503:
      return "the edge can't publish: has GOOGLE_SERVICE_ACCOUNT roles/pubsub.publisher on the topic? (npx tributary provision; npx wrangler tail tells the cause)";
    default:
      return `the edge answers ${status}`;
  }
}

/** The column that holds the delivery's id; undefined where the stream's columns leave it out. */
function idColumnOf(stream: RelayStream): string | undefined {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') return undefined;
  const names = keyedLayout(source.layout(stream), stream).columns.map(({ name }) => name);
  return ['delivery_id', 'hit_id'].find((name) => names.includes(name));
}

async function waitForRow(
  bigquery: BigQuery,
  { table, column, deliveryId }: { table: string; column: string; deliveryId: string },
  withinMs: number,
): Promise<boolean> {
  const query = `SELECT 1 AS found FROM \`${bigquery.projectId}.${table}\` WHERE ${column} = @id LIMIT 1`;
  const until = performance.now() + withinMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const rows = await find(bigquery, query, deliveryId);
    if (rows > 0) return true;
    if (performance.now() + pauseMs > until) return false;
    await sleep(pauseMs);
  }
}

/** A table that no subscriber has opened yet is not there. */
async function find(bigquery: BigQuery, query: string, id: string): Promise<number> {
  try {
    const [rows] = await bigquery.query({ query, params: { id } });
    return rows.length;
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return 0;
    throw error;
  }
}
