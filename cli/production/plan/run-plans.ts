import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { planBucket, planQueue } from '../cloudflare/cloudflare-plans.ts';
import type { Wrangler } from '../cloudflare/wrangler.ts';
import { planAccount, planApi, planKey } from '../google/account-plans.ts';
import { planDataset, planTable, planView } from '../google/bigquery-plans.ts';
import type { GoogleApis } from '../google/google-apis.ts';
import { isDisabled, isForbidden, isNetwork, isUnauthorized } from '../google/google-errors.ts';
import { planSubscription, planTopic } from '../google/pubsub-plans.ts';
import { planRole } from '../google/role-plans.ts';
import { untilVisible } from '../google/until-visible.ts';
import type { Plan, Result, ResultState } from './plan.ts';
import { keyOf, labelOf, needsOf, type Resource } from './resources.ts';
import { word } from './shell-word.ts';

/** Whom the resources are made at. */
export interface Cloud {
  project: string;
  pubsub: PubSub;
  bigquery: BigQuery;
  /** The rest of Google; undefined on the local servers, which know of no accounts and no APIs. */
  google?: GoogleApis | undefined;
  /** Undefined where it is not installed, or where the stack is local. */
  wrangler?: Wrangler | undefined;
  /** Where the Worker's key is kept until Cloudflare has it. */
  keyFile: string;
  isRotatingKey: boolean;
}

export interface RunOptions {
  dryRun: boolean;
  /** Called with each result as it comes. */
  onResult?: (result: Result) => void;
  /** Ends the run before the next resource. */
  signal?: AbortSignal;
}

/**
 * Looks at each resource, and makes or changes what is not as it should be. One that fails holds up only those
 * that need it, so that all that is wrong is told at once.
 */
export async function runPlans(
  resources: readonly Resource[],
  cloud: Cloud,
  { dryRun, onResult, signal }: RunOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  const failed = new Map<string, Resource>();
  let isOffline = false;
  /** An API was enabled in this run: it may not answer yet. */
  let isEnabledNow = false;
  for (const resource of resources) {
    const { kind } = resource;
    const name = labelOf(resource);
    const blocker = needsOf(resource).find((key) => failed.has(key));
    let result: Result;
    if (signal?.aborted) result = skipped(kind, name, 'stopped');
    else if (isOffline) result = skipped(kind, name, 'Google does not answer');
    else if (blocker !== undefined) result = skipped(kind, name, `needs ${blocker}`);
    else {
      try {
        const outcome = await untilVisible(
          async () => await carryOut(await planOf(resource, cloud), dryRun),
          (error) => isEnabledNow && isDisabled(error),
        );
        result = { kind, name, ...outcome };
      } catch (error) {
        isOffline = isNetwork(error) && kind !== 'queue' && kind !== 'bucket';
        result = { kind, name, ...failureOf(resource, error as Error, cloud.project) };
      }
    }
    isEnabledNow ||= kind === 'api' && result.state === 'updated';
    if (result.state === 'failed' || blocker !== undefined) failed.set(keyOf(resource), resource);
    results.push(result);
    onResult?.(result);
  }
  return results;
}

function skipped(kind: string, name: string, reason: string): Result {
  return { kind, name, state: 'skipped', details: [reason] };
}

type Outcome = Omit<Result, 'kind' | 'name'>;

const done: Record<'create' | 'update', ResultState> = { create: 'created', update: 'updated' };

async function carryOut(plan: Plan, dryRun: boolean): Promise<Outcome> {
  switch (plan.state) {
    case 'same':
      return { state: 'unchanged', details: [] };
    case 'skip':
      return { state: 'skipped', details: [plan.reason] };
    case 'conflict':
      return { state: 'failed', details: plan.problems, remedy: plan.remedy };
    default:
      if (dryRun) return { state: `would ${plan.state}`, details: plan.changes };
      await plan.apply();
      return { state: done[plan.state], details: plan.changes };
  }
}

async function planOf(resource: Resource, cloud: Cloud): Promise<Plan> {
  const { project, pubsub, bigquery, google, wrangler } = cloud;
  const noGoogle: Plan = { state: 'skip', reason: 'not on the local servers: they ask for none' };
  switch (resource.kind) {
    case 'topic':
      return await planTopic(pubsub, resource, project);
    case 'subscription':
      return await planSubscription(pubsub, resource, project);
    case 'dataset':
      return await planDataset(bigquery, resource);
    case 'table':
      return await planTable(bigquery, resource);
    case 'view':
      return await planView(bigquery, resource, project);
    case 'api':
      return google ? await planApi(google, resource, project) : noGoogle;
    case 'service-account':
      return google ? await planAccount(google, resource, project) : noGoogle;
    case 'role':
      return google ? await planRole(google, bigquery, resource, project) : noGoogle;
    case 'key': {
      const { keyFile: file, isRotatingKey: isRotating } = cloud;
      return google ? await planKey(google, resource, { project, file, isRotating }) : noGoogle;
    }
    case 'queue':
      return google ? await planQueue(wrangler, resource) : { state: 'skip', reason: madeLocally };
    case 'bucket':
      return google ? await planBucket(wrangler, resource) : { state: 'skip', reason: madeLocally };
  }
}

const madeLocally = 'the local edge makes it by itself';

/** A role by which whoever runs the command may make such a resource. */
function roleFor(resource: Resource): string {
  switch (resource.kind) {
    case 'api':
      return 'roles/serviceusage.serviceUsageAdmin';
    case 'topic':
    case 'subscription':
      return 'roles/pubsub.editor';
    case 'dataset':
    case 'table':
    case 'view':
      return 'roles/bigquery.dataOwner';
    case 'service-account':
      return 'roles/iam.serviceAccountAdmin';
    case 'key':
      return 'roles/iam.serviceAccountKeyAdmin';
    case 'role': {
      const roles = {
        topic: 'roles/pubsub.admin',
        subscription: 'roles/pubsub.admin',
        dataset: 'roles/bigquery.dataOwner',
        project: 'roles/resourcemanager.projectIamAdmin',
        'gcs-bucket': 'roles/storage.admin',
      };
      return roles[resource.on];
    }
    default:
      return '';
  }
}

function failureOf(resource: Resource, error: Error, project: string): Outcome {
  const [problem = ''] = error.message.split('\n', 1);
  if (isDisabled(error)) {
    const remedy =
      'enable the API, or wait a minute where it was enabled just now, and run this again';
    return { state: 'failed', details: [problem], remedy };
  }
  if (isForbidden(error)) {
    const role = roleFor(resource);
    return {
      state: 'failed',
      details: [`you may not look at it, or not make it: you need ${role}`, problem],
      remedy: `gcloud projects add-iam-policy-binding ${word(project)} --member=user:YOU@EXAMPLE.COM --role=${role}`,
    };
  }
  if (isUnauthorized(error)) {
    return {
      state: 'failed',
      details: [problem],
      remedy: 'gcloud auth application-default login',
    };
  }
  if (/Key creation is not allowed|disableServiceAccountKeyCreation/i.test(error.message)) {
    const remedy =
      'an administrator of the organization has to allow keys of this account: the constraint iam.disableServiceAccountKeyCreation forbids them';
    return { state: 'failed', details: [problem], remedy };
  }
  return { state: 'failed', details: [problem], remedy: 'run this again: it goes on from here' };
}
