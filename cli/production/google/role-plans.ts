import type { BigQuery } from '@google-cloud/bigquery';
import { type Plan, same } from '../plan/plan.ts';
import type { RoleResource } from '../plan/resources.ts';
import { readDataset } from './bigquery-plans.ts';
import type { GoogleApis } from './google-apis.ts';
import { codeOf, isMissing } from './google-errors.ts';
import { untilVisible } from './until-visible.ts';

interface Binding {
  role: string;
  members?: string[];
  condition?: unknown;
}

interface Policy {
  version?: number;
  etag?: string;
  bindings?: Binding[];
}

/** How the policy of one resource is read and written: each API has its own way. */
interface PolicyPlace {
  read(): Promise<Policy>;
  write(policy: Policy): Promise<unknown>;
}

type PolicyTarget = Exclude<RoleResource['on'], 'dataset'>;

const places: Record<
  PolicyTarget,
  (google: GoogleApis, target: string, project: string) => PolicyPlace
> = {
  topic: (google, name, project) => pubsubPolicy(google, `projects/${project}/topics/${name}`),
  subscription: (google, name, project) =>
    pubsubPolicy(google, `projects/${project}/subscriptions/${name}`),
  project: (google, name) => {
    const path = `/v1/projects/${name}`;
    return {
      read: () =>
        google.call('resourceManager', 'POST', `${path}:getIamPolicy`, {
          options: { requestedPolicyVersion: 3 },
        }),
      write: (policy) => google.call('resourceManager', 'POST', `${path}:setIamPolicy`, { policy }),
    };
  },
  'gcs-bucket': (google, name) => {
    const path = `/storage/v1/b/${encodeURIComponent(name)}/iam`;
    return {
      read: () => google.call('storage', 'GET', `${path}?optionsRequestedPolicyVersion=3`),
      write: (policy) => google.call('storage', 'PUT', path, policy),
    };
  },
};

function pubsubPolicy(google: GoogleApis, resource: string): PolicyPlace {
  return {
    read: () =>
      google.call('pubsub', 'GET', `/v1/${resource}:getIamPolicy?options.requestedPolicyVersion=3`),
    write: (policy) => google.call('pubsub', 'POST', `/v1/${resource}:setIamPolicy`, { policy }),
  };
}

/** Others may change the policy between our reading and writing it. */
const rounds = 5;
const changedMeanwhile = new Set([409, 412]);

/** Adds the account to the role, and leaves all else of the policy as it is. */
export async function planRole(
  google: GoogleApis,
  bigquery: BigQuery,
  resource: RoleResource,
  project: string,
): Promise<Plan> {
  const { on, name: role, target } = resource;
  if (on === 'dataset') return await planDatasetRole(bigquery, resource);
  const member = `serviceAccount:${resource.member}`;
  const place = places[on](google, target, project);
  if (has(await readOrEmpty(place), role, member)) return same;
  return {
    state: 'create',
    changes: [],
    async apply() {
      await retried(async () => {
        const policy = await place.read();
        if (has(policy, role, member)) return;
        await untilVisible(() => place.write(withMember(policy, role, member)));
      });
    },
  };
}

function has({ bindings = [] }: Policy, role: string, member: string): boolean {
  return bindings.some(
    (binding) =>
      binding.role === role && !binding.condition && (binding.members ?? []).includes(member),
  );
}

function withMember(policy: Policy, role: string, member: string): Policy {
  const bindings = [...(policy.bindings ?? [])];
  const at = bindings.findIndex((binding) => binding.role === role && !binding.condition);
  const existing = bindings[at];
  if (existing) bindings[at] = { ...existing, members: [...(existing.members ?? []), member] };
  else bindings.push({ role, members: [member] });
  return { ...policy, bindings };
}

/** A resource that is made a moment later has none. */
async function readOrEmpty(place: PolicyPlace): Promise<Policy> {
  try {
    return await place.read();
  } catch (error) {
    if (isMissing(codeOf(error))) return {};
    throw error;
  }
}

interface DatasetAccess {
  role?: string;
  userByEmail?: string;
}

/** Datasets have access lists, where some roles go by older names. */
const writers = new Set(['WRITER', 'roles/bigquery.dataEditor']);

async function planDatasetRole(
  bigquery: BigQuery,
  { name: role, target, member }: RoleResource,
): Promise<Plan> {
  const isOurs = (access: DatasetAccess) =>
    access.userByEmail === member && (access.role === role || writers.has(access.role ?? ''));
  if (accessOf(await readDataset(bigquery, target)).some(isOurs)) return same;
  return {
    state: 'create',
    changes: [],
    async apply() {
      await retried(async () => {
        const dataset = await readDataset(bigquery, target);
        const access = accessOf(dataset);
        if (access.some(isOurs)) return;
        const changed = [...access, { role, userByEmail: member }];
        await untilVisible(async () => {
          await bigquery.dataset(target).setMetadata({
            access: changed,
            // Refused where it was changed since: the client sends it as If-Match.
            ...(dataset?.['etag'] !== undefined && { etag: dataset['etag'] }),
          });
        });
      });
    },
  };
}

function accessOf(dataset: Record<string, unknown> | undefined): DatasetAccess[] {
  return (dataset?.['access'] ?? []) as DatasetAccess[];
}

async function retried(change: () => Promise<void>): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      return await change();
    } catch (error) {
      if (!changedMeanwhile.has(codeOf(error)) || round === rounds) throw error;
    }
  }
}
