import { RelayError } from '../../../shared/errors.ts';
import { readWranglerConfig } from '../cloudflare/wrangler-config.ts';

/** How often each secret of a stream matched lately, by its name. */
export type Matches = ReadonlyMap<string, { deliveries: number; last: string }>;

/** Cloudflare answers such a query within a few seconds. */
const answerWithinMs = 30_000;

/**
 * Which secrets matched in the last days: the edge counts it where DELIVERIES (Workers Analytics Engine) is bound. Log
 * lines are no evidence: most deliveries leave none.
 *
 * @throws RelayError `secret.evidence` if there is none, with everything that is missing, or `wrangler.config`
 */
export async function readMatches(folder: string, stream: string, days: number): Promise<Matches> {
  const { dataset, account, token } = findAnalytics(folder);
  // The order of the columns: docs/operate/counters.md.
  const statement = `SELECT blob3 AS secret, SUM(_sample_interval) AS deliveries, MAX(timestamp) AS last
FROM ${dataset} WHERE index1 = '${stream}' AND blob3 != '' AND timestamp > NOW() - INTERVAL '${days}' DAY
GROUP BY secret FORMAT JSON`;
  // The variable is wrangler's own.
  const api = process.env['CLOUDFLARE_API_BASE_URL'] || 'https://api.cloudflare.com/client/v4';
  const rows = await query(`${api}/accounts/${account}/analytics_engine/sql`, token, statement);
  return new Map(
    rows.map(({ secret, deliveries, last }) => [secret, { deliveries: Number(deliveries), last }]),
  );
}

interface MatchRow {
  secret: string;
  /** Cloudflare writes 64-bit numbers as text. */
  deliveries: string | number;
  last: string;
}

function findAnalytics(folder: string): { dataset: string; account: string; token: string } {
  const config = readWranglerConfig(folder);
  const dataset = config?.deliveries;
  const account = process.env['CLOUDFLARE_ACCOUNT_ID'] || config?.accountId;
  const token = process.env['CLOUDFLARE_API_TOKEN'];
  const isBound = dataset !== undefined && /^\w+$/.test(dataset);
  const isNamed = account !== undefined && /^\w+$/.test(account);
  if (isBound && isNamed && token) return { dataset, account, token };
  const missing = [
    ...(isBound
      ? []
      : ['wrangler.toml does not bind DELIVERIES, which counts what each secret matched']),
    ...(isNamed ? [] : ['CLOUDFLARE_ACCOUNT_ID is not set']),
    ...(token
      ? []
      : ['CLOUDFLARE_API_TOKEN is not set (it must be allowed to read Account Analytics)']),
  ];
  const lines = missing.map((each) => `  ${each}`).join('\n');
  throw noEvidence(`nothing shows which secret matched lately:\n${lines}`);
}

async function query(url: string, token: string, statement: string): Promise<MatchRow[]> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: statement,
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    if (response.ok) return ((await response.json()) as { data: MatchRow[] }).data;
  } catch (cause) {
    const { message } = cause as Error;
    throw noEvidence(`Cloudflare does not tell which secret matched lately: ${message}`, cause);
  }
  throw noEvidence(
    `Cloudflare does not tell which secret matched lately: it answers ${response.status}`,
  );
}

function noEvidence(problem: string, cause?: unknown): RelayError {
  return new RelayError('secret.evidence', problem, { cause });
}
