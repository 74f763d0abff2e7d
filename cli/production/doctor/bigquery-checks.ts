import { openWriteClient, type WriteClient } from '../../../subscriber/bigquery/client.ts';
import { planDataset, planTable } from '../google/bigquery-plans.ts';
import { codeOf } from '../google/google-errors.ts';
import type { Plan } from '../plan/plan.ts';
import { desiredResources, type Resource, type ResourceOf } from '../plan/resources.ts';
import { word } from '../plan/shell-word.ts';
import { type Check, type Remedy, remedyOf, sumUp, type Trouble } from './check.ts';
import { type Examination, placeOf, relayOf } from './examination.ts';
import { clientsOf, grantYourself } from './google-checks.ts';
import { provision } from './pubsub-checks.ts';

const withinMs = 15_000;

export const datasetsCheck: Check = {
  id: 'datasets',
  title: 'datasets, location',
  needs: ['bigquery', 'credentials'],
  withinMs,
  async run(examination) {
    const { bigquery } = clientsOf(examination);
    const datasets = desired('dataset', examination);
    const ofTables = new Set(desired('table', examination).map(({ name }) => name.split('.')[0]));
    const troubles = await Promise.all(
      datasets.map(async (dataset) => {
        const plan = await planDataset(bigquery, dataset);
        // The first export creates it. At Google, the subscriber may have no permission to.
        const isLater = plan.state === 'create' && !ofTables.has(dataset.name);
        return isLater && placeOf(examination).isLocal ? undefined : troubleOf(dataset.name, plan);
      }),
    );
    return sumUp(troubles, `${datasets.length} in ${relayOf(examination).location}`);
  },
  access: (examination) => grantYourself('roles/bigquery.metadataViewer', examination),
};

export const tablesCheck: Check = {
  id: 'tables',
  title: 'tables, columns',
  needs: ['bigquery', 'credentials'],
  withinMs,
  async run(examination) {
    const { bigquery } = clientsOf(examination);
    const tables = desired('table', examination);
    const troubles = await Promise.all(
      tables.map(async (table) => troubleOf(table.name, await planTable(bigquery, table))),
    );
    return sumUp(troubles, `${tables.length} have the columns of the config`);
  },
  access: (examination) => grantYourself('roles/bigquery.metadataViewer', examination),
};

function desired<Kind extends Resource['kind']>(
  kind: Kind,
  examination: Examination,
): ResourceOf<Kind>[] {
  return desiredResources(relayOf(examination), { queues: [], buckets: [] }).filter(
    (resource): resource is ResourceOf<Kind> => resource.kind === kind,
  );
}

/** What `provision` would do, as what is wrong. */
function troubleOf(name: string, plan: Plan): Trouble {
  switch (plan.state) {
    case 'create':
      return { state: 'failed', problem: `${name} does not exist`, command: provision };
    case 'update':
      // The subscriber does that, too, when it starts.
      return {
        state: 'warning',
        problem: `${name} lacks what the config has: ${plan.changes.join(', ')}`,
        command: provision,
      };
    case 'conflict':
      return {
        state: 'failed',
        problem: `${name}: ${plan.problems.join('; ')}`,
        ...remedyOf(plan.remedy),
      };
    default:
      return undefined;
  }
}

export const appendCheck: Check = {
  id: 'append',
  title: 'may append',
  needs: ['tables', 'storage-write'],
  withinMs,
  async run(examination) {
    const { project } = relayOf(examination);
    const endpoint = placeOf(examination).storageEndpoint;
    const client = await openWriteClient({
      projectId: project,
      ...(endpoint !== undefined && { endpoint }),
    });
    try {
      const tables = desired('table', examination);
      const troubles = await Promise.all(
        tables.map(({ name }) => appendTrouble(client, name, examination)),
      );
      return sumUp(troubles, `to ${tables.length} tables, by Storage Write`);
    } finally {
      await client.close();
    }
  },
};

const permissionDenied = 7;
const streamWithinMs = 3000;

/** Nothing is appended: the permission is asked for, and the table's default stream is looked at. */
async function appendTrouble(
  client: WriteClient,
  table: string,
  examination: Examination,
): Promise<Trouble> {
  const { project } = relayOf(examination);
  const [dataset, id] = table.split('.');
  const resource = `projects/${project}/datasets/${dataset}/tables/${id}`;
  const refused = {
    state: 'failed',
    problem: `the credentials of this machine may not append to ${table}`,
    ...editorRole(project, dataset ?? ''),
  } as const;
  if (!(await mayUpdateData(resource, examination))) return refused;
  try {
    const name = `${resource}/streams/_default`;
    await client.getWriteStream({ name }, { timeout: streamWithinMs, retry: null });
    return undefined;
  } catch (error) {
    if (codeOf(error) === permissionDenied) return refused;
    const problem = `Storage Write does not open ${table}: ${(error as Error).message}`;
    return { state: 'failed', problem, remedy: 'A new table is known there after a minute.' };
  }
}

async function mayUpdateData(resource: string, examination: Examination): Promise<boolean> {
  const permission = 'bigquery.tables.updateData';
  const { permissions = [] } = await clientsOf(examination).apis.call<{ permissions?: string[] }>(
    'bigquery',
    'POST',
    `/bigquery/v2/${resource}:testIamPermissions`,
    { permissions: [permission] },
  );
  return permissions.includes(permission);
}

function editorRole(project: string, dataset: string): Remedy {
  const grant = `GRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`${dataset}\` TO "serviceAccount:ACCOUNT"`;
  return {
    remedy: 'Grant roles/bigquery.dataEditor to the account that the subscriber runs as:',
    command: `bq --project_id=${word(project)} query --use_legacy_sql=false ${word(grant)}`,
  };
}
