import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BigQuery } from '@google-cloud/bigquery';
import { Command, InvalidArgumentError } from 'commander';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { accountSecret } from '../../shared/config/secrets.ts';
import { RelayError } from '../../shared/errors.ts';
import { terminalText } from '../../shared/terminal-text.ts';
import { projectFolder } from '../../subscriber/service/find-config.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { defaultState } from '../find/running-stack.ts';
import { readSecrets } from '../find/secrets.ts';
import { findStream } from '../find/stream.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { bundleWorker, deployWorker } from './cloudflare/deploy-worker.ts';
import {
  chooseSecrets,
  findSecrets,
  listSecrets,
  workerSecrets,
} from './cloudflare/worker-secrets.ts';
import { requireWrangler } from './cloudflare/wrangler.ts';
import { readWranglerConfig } from './cloudflare/wrangler-config.ts';
import { findCredentials } from './google/credentials.ts';
import { configProblems } from './google/google-place.ts';
import { canBeProbed, type ProbeResult, probeEdge } from './probe.ts';
import { keyFileIn } from './provision.ts';

interface DeployOptions {
  dryRun: boolean;
  json: boolean;
  /** False with `--no-probe`; a stream's name, or true for whichever can be signed for. */
  probe: boolean | string;
  secrets: string;
  setSecrets: boolean;
  state: string;
  to?: string;
  wait: number;
}

/** What `--json` prints. */
interface Report {
  ok: boolean;
  dryRun: boolean;
  worker: string;
  streams: string[];
  /** Names alone: `missing` ones are neither at Cloudflare nor were they set. */
  secrets: { required: string[]; set: string[]; missing: string[] };
  /** The URLs of the edge. */
  edges: string[];
  /** What each stream's sender is given. A key in the path is named, and not told. */
  urls?: Record<string, string>;
  probe?: ProbeResult;
  warnings: string[];
}

export function deployCommand(): Command {
  return new Command('deploy')
    .description(
      'check the config, set missing secrets, deploy the Worker, and send a signed probe that becomes a row',
    )
    .option('--dry-run', 'bundle and check only, without Cloudflare or Google', false)
    .option('--secrets <file>', 'where secrets are, if not in the environment', '.dev.vars')
    .option('--set-secrets', 'set what Cloudflare lacks from there, without asking', false)
    .option('--probe <stream>', 'which stream the probe is for (default: the first that it can be)')
    .option('--no-probe', 'send no probe')
    .option('--to <url>', 'the URL of the edge (default: as deployed, or publicUrl of the config)')
    .option('--wait <seconds>', 'how long the probe waits for its row', parseSeconds, 30)
    .option('--state <folder>', "where `provision` left the Worker's key", defaultState)
    .addOption(jsonOption())
    .action(async (options: DeployOptions) => {
      const relay = await loadRelay();
      const { ok } = await deploy(relay, options);
      if (!ok) process.exitCode = 1;
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('a number of seconds, up to 3600');
}

/** @throws RelayError `deploy.settings`, `deploy.secrets`, `wrangler.missing`, `wrangler.failed` */
export async function deploy(
  relay: Relay,
  options: DeployOptions,
  { folder = projectFolder() }: { folder?: string } = {},
): Promise<Report> {
  const { dryRun, json } = options;
  const say = (text: string) => (json ? undefined : console.log(text));
  if (options.to !== undefined) requireUrl(options.to);
  const wrangler = requireWrangler(folder);
  const { name, requiredSecrets } = requireConfig(folder);
  const warnings = settingsProblems(relay, requiredSecrets);
  if (warnings.length > 0 && !dryRun) throw new RelayError('deploy.settings', warnings.join('\n'));
  const streams = [...relay.streams.keys()];
  const count = streams.length === 1 ? '1 stream' : `${streams.length} streams`;
  say(`check    ${count}: ${streams.join(', ')}`);
  for (const warning of warnings) say(`warning  ${warning}`);

  const required = [...new Set([...workerSecrets(relay), ...requiredSecrets])];
  const keyFile = keyFileIn(options.state);
  const found = findSecrets(required, { file: options.secrets, keyFile });
  if (dryRun) {
    const missing = required.filter((secret) => found.values[secret] === undefined);
    say(`secrets  ${required.join(', ')}`);
    if (missing.length > 0) say(`         not on this machine: ${missing.join(', ')}`);
    const size = await bundleWorker(wrangler);
    say(`bundle   ${size}\nNothing was deployed.`);
    return print(
      {
        ok: true,
        dryRun,
        worker: name,
        streams,
        secrets: { required, set: [], missing },
        edges: relay.publicUrl ? [relay.publicUrl] : [],
        warnings,
      },
      json,
    );
  }

  const there = new Set(await listSecrets(wrangler));
  // A key that waits is newer than the one that is there.
  if (existsSync(keyFile)) there.delete(accountSecret);
  const lacking = required.filter((secret) => !there.has(secret));
  const toSet = await chooseSecrets(lacking, found.values, options);
  if (required.length > lacking.length) say(`secrets  ${required.length - lacking.length} are set`);
  const edges = await deployWorker(wrangler, toSet);
  if (Object.keys(toSet).length > 0) say(`secrets  set: ${Object.keys(toSet).join(', ')}`);
  // Cloudflare has it now: nobody else needs it.
  if (accountSecret in toSet) rmSync(keyFile, { force: true });
  say(`deployed ${edges.join(', ') || name}`);
  const edge = options.to ?? relay.publicUrl ?? edges[0];
  const urls = edge === undefined ? {} : urlsOf(relay, edge.replace(/\/+$/, ''));
  for (const [stream, url] of Object.entries(urls)) say(`         ${stream}: ${url}`);
  const probe = await sendProbe(relay, options, edge);
  if (probe) say(describeProbe(probe));
  const report = {
    ok: !probe || goodOutcomes.has(probe.outcome),
    dryRun,
    worker: name,
    streams,
    secrets: { required, set: Object.keys(toSet), missing: [] },
    edges,
    urls,
    ...(probe && { probe }),
    warnings,
  };
  return print(report, json);
}

function print(report: Report, json: boolean): Report {
  if (json) printJson(report, 2);
  return report;
}

/** @throws RelayError `edge.invalid` */
function requireUrl(to: string): void {
  if (/^https?:$/.test(URL.parse(to)?.protocol ?? '')) return;
  throw new RelayError('edge.invalid', '--to takes the URL of an edge: https://…');
}

function requireConfig(folder: string) {
  const config = readWranglerConfig(folder);
  if (config) return config;
  throw new RelayError(
    'deploy.settings',
    `${folder} has no wrangler.toml, which says what the Worker is: npx tributary init writes one`,
  );
}

function settingsProblems(relay: Relay, requiredSecrets: readonly string[]): string[] {
  const problems = configProblems(relay);
  const unknown = workerSecrets(relay).filter((name) => !requiredSecrets.includes(name));
  if (unknown.length > 0) {
    problems.push(
      `wrangler.toml does not require ${unknown.join(', ')}: add to \`required\` below [secrets], or the Worker would be deployed without`,
    );
  }
  return problems;
}

function urlsOf(relay: Relay, edge: string): Record<string, string> {
  const urls = [...relay.streams.values()].map(({ name, scheme, secrets }) => {
    const key = scheme === 'endpoint-key' ? `/<${secrets[0]}>` : '';
    return [name, `${edge}/${name}${key}`];
  });
  return Object.fromEntries(urls) as Record<string, string>;
}

/** A new hostname is known everywhere after a while; until then Cloudflare answers for it, or nobody. */
const knownWithinMs = 45_000;
const pauseMs = 3000;

function isNotYet({ outcome, status = 0 }: ProbeResult): boolean {
  return outcome === 'unreachable' || status === 404 || (status >= 520 && status <= 530);
}

const goodOutcomes = new Set<ProbeResult['outcome']>(['row', 'filtered', 'accepted']);

async function sendProbe(
  relay: Relay,
  { probe, secrets: file, wait }: DeployOptions,
  edge: string | undefined,
): Promise<ProbeResult | undefined> {
  if (probe === false || edge === undefined) return undefined;
  const known = readSecrets(file);
  const stream: RelayStream | undefined =
    typeof probe === 'string'
      ? findStream(relay, probe)
      : [...relay.streams.values()].find((each) => canBeProbed(each, known));
  if (!stream) return undefined;
  const secret = known[stream.secrets[0] ?? ''] ?? '';
  const credentials = await findCredentials(relay.project);
  const bigquery =
    'problem' in credentials
      ? undefined
      : new BigQuery({ projectId: relay.project, location: relay.location });
  const until = performance.now() + knownWithinMs;
  for (;;) {
    const result = await probeEdge({
      relay,
      stream,
      edge,
      secret,
      bigquery,
      rowWithinMs: wait * 1000,
    });
    if (!isNotYet(result) || performance.now() + pauseMs > until) return result;
    await sleep(pauseMs);
  }
}

function describeProbe(result: ProbeResult): string {
  const { outcome, stream, status, answerMs, rowMs, deliveryId, problem } = result;
  const answer = `${stream}: ${status} in ${answerMs} ms`;
  const texts: Record<ProbeResult['outcome'], string> = {
    row: `${answer}, a row after ${rowMs} ms (${deliveryId})`,
    filtered: `${answer}: the stream's filter drops the sample, so there is no row to wait for`,
    accepted: `${answer}, in Pub/Sub (${deliveryId}); without Google credentials the row was not looked for`,
    'no-row': `${answer}; ${problem}`,
    refused: `${answer}; ${problem}`,
    unreachable: `${stream}: ${problem}`,
  };
  return `probe    ${terminalText(texts[outcome])}`;
}
