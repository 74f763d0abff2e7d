import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Relay } from '../../shared/config/config.ts';
import { projectFolder } from '../../subscriber/service/find-config.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import type { BigQueryOptions } from '../find/bigquery.ts';
import { defaultState } from '../find/running-stack.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { findWrangler } from './cloudflare/wrangler.ts';
import { readWranglerConfig } from './cloudflare/wrangler-config.ts';
import type { Origins } from './google/google-apis.ts';
import {
  configProblems,
  findLocalPlace,
  type GooglePlace,
  openGoogle,
} from './google/google-place.ts';
import { commandLines } from './plan/command-lines.ts';
import type { Result } from './plan/plan.ts';
import { describeResult, describeTotal } from './plan/report.ts';
import { desiredResources, labelOf, type Resource } from './plan/resources.ts';
import { runPlans } from './plan/run-plans.ts';
import { terraformVariables } from './plan/terraform-variables.ts';

interface ProvisionOptions extends BigQueryOptions {
  dryRun: boolean;
  json: boolean;
  rotateKey: boolean;
  terraform: boolean;
}

/** What `--json` prints. */
interface Report {
  ok: boolean;
  place: string;
  project: string;
  dryRun: boolean;
  /** How many resources were made or changed, or would be. */
  changed: number;
  resources: Result[];
  /** With `--dry-run`: the same for gcloud, bq and wrangler. */
  commands?: string[];
}

export function provisionCommand(): Command {
  return new Command('provision')
    .description(
      'make everything that the relay needs at Google and Cloudflare; what is there already stays as it is',
    )
    .option(
      '--dry-run',
      'change nothing: print what would be, and the same as command lines',
      false,
    )
    .addOption(
      new Option(
        '--on <place>',
        'where to make it (default: local if a stack runs here, else google)',
      ).choices(['local', 'google']),
    )
    .option('--rotate-key', "make another key for the Worker's account", false)
    .option('--terraform', 'print the variables of deploy/terraform instead, and do nothing', false)
    .option('--state <folder>', "the local stack's, and where the Worker's key waits", defaultState)
    .addOption(jsonOption())
    .action(async (options: ProvisionOptions) => {
      const relay = await loadRelay();
      const report = await provision(relay, options);
      if (report && !report.ok) process.exitCode = 1;
    });
}

/** Where the Worker's key waits for `deploy`. */
export function keyFileIn(state: string): string {
  return join(state, 'publisher-key.json');
}

/** @param origins of Google's APIs: its own when absent */
export async function provision(
  relay: Relay,
  options: ProvisionOptions,
  { folder = projectFolder(), origins }: { folder?: string; origins?: Origins } = {},
): Promise<Report | undefined> {
  const { dryRun, json } = options;
  const bound = readWranglerConfig(folder) ?? { queues: [], buckets: [] };
  const resources = desiredResources(relay, bound);
  if (options.terraform) {
    process.stdout.write(`${JSON.stringify(terraformVariables(resources, relay), null, 2)}\n`);
    return undefined;
  }
  const keyFile = keyFileIn(options.state);
  const say = (text: string) => {
    if (!json) process.stdout.write(text);
  };
  const place = await openPlace(relay, options, origins);
  say(`${dryRun ? 'Would provision' : 'Provisioning'} ${place.title}\n\n`);
  const onResult = (result: Result) => say(describeResult(result));
  const stopped = stopSignal();
  const results =
    'unknown' in place
      ? resources.map((resource) => unknownResult(resource))
      : await runPlans(
          resources,
          {
            ...place,
            project: relay.project,
            wrangler: findWrangler(folder),
            keyFile,
            isRotatingKey: options.rotateKey,
          },
          { dryRun, onResult, signal: stopped },
        );
  if ('unknown' in place) results.forEach(onResult);
  else await place.pubsub.close();
  const commands = dryRun
    ? commandLines(resources, { project: relay.project, keyFile })
    : undefined;
  const report = {
    ok: !results.some(({ state }) => state === 'failed') && !stopped.aborted,
    place: 'unknown' in place ? 'unknown' : place.google ? 'google' : 'local',
    project: relay.project,
    dryRun,
    changed: results.filter(({ state }) => isChange.has(state)).length,
    resources: results,
    ...(commands && { commands }),
  };
  if (json) printJson(report, 2);
  say(describeTotal(results, { dryRun, isLocal: report.place === 'local', keyFile }));
  if (commands) say(`\nThe same by hand:\n\n${commands.join('\n')}\n`);
  return report;
}

const isChange = new Set<Result['state']>(['created', 'updated', 'would create', 'would update']);

/** A plan can be printed without access to Google; then nobody knows what is there. */
async function openPlace(
  relay: Relay,
  options: ProvisionOptions,
  origins: Origins | undefined,
): Promise<GooglePlace | { unknown: true; title: string }> {
  const local = findLocalPlace(relay, options);
  if (local) return local;
  try {
    return await openGoogle(relay, configProblems(relay), origins);
  } catch (error) {
    if (!options.dryRun) throw error;
    const [reason] = (error as Error).message.split('\n');
    return {
      unknown: true,
      title: `the Google project ${relay.project}. What is there is unknown: ${reason}`,
    };
  }
}

function unknownResult(resource: Resource): Result {
  return { kind: resource.kind, name: labelOf(resource), state: 'unknown', details: [] };
}

/** What is under way is finished; a second Ctrl-C ends the process. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}
