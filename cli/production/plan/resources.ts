import type { TableLayout } from '../../../shared/columns.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { tablesOf as rowTablesOf } from '../../../subscriber/bigquery/tables/open-tables.ts';
import { uniqueViewOf } from '../../../subscriber/bigquery/tables/table-opening.ts';
import { deadLetterLayout } from '../../../subscriber/dead-letters/dead-letter-rows.ts';
import type { CloudflareResources } from '../cloudflare/wrangler-config.ts';

/** One thing that a relay needs at Google or Cloudflare. Each kind has a name of its own for `name`. */
export type Resource =
  /** `pubsub.googleapis.com` */
  | { kind: 'api'; name: string }
  | { kind: 'dataset'; name: string; location: string }
  /** `dataset.table` */
  | { kind: 'table'; name: string; location: string; layout: TableLayout }
  | { kind: 'view'; name: string; location: string; of: string; layout: TableLayout }
  | { kind: 'topic'; name: string }
  | { kind: 'subscription'; name: string; topic: string }
  | { kind: 'service-account'; name: string; email: string; title: string }
  | RoleResource
  /** The key of a service account, by its e-mail address. */
  | { kind: 'key'; name: string; account: string }
  | { kind: 'queue'; name: string; retentionSeconds: number }
  | { kind: 'bucket'; name: string };

/** A role that a service account has on one resource. */
export interface RoleResource {
  kind: 'role';
  /** `roles/pubsub.publisher` */
  name: string;
  account: string;
  member: string;
  on: 'topic' | 'subscription' | 'dataset' | 'project' | 'gcs-bucket';
  target: string;
}

export type ResourceOf<Kind extends Resource['kind']> = Extract<Resource, { kind: Kind }>;

/** What the relay calls, in the order in which it is needed. */
const apis = [
  'serviceusage.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'iam.googleapis.com',
  'pubsub.googleapis.com',
  'bigquery.googleapis.com',
  'bigquerystorage.googleapis.com',
];

/** A free plan keeps messages for a day, and a relay that overflows needs longer: decision 0008. */
const queueRetentionSeconds = 14 * 86_400;

/**
 * Everything that a relay needs, each after what it depends on. A pure function of the config and of what
 * wrangler.toml binds: `provision` makes it, `deploy/terraform` describes it, and `doctor` looks for it.
 */
export function desiredResources(relay: Relay, cloudflare: CloudflareResources): Resource[] {
  const { project, location, topic, subscription } = relay;
  const publisher = accountOf(relay, 'publisher');
  const subscriber = accountOf(relay, 'subscriber');
  const tables = tablesOf(relay);
  const datasets = datasetsOf(relay);
  const grant = (
    account: ResourceOf<'service-account'>,
    name: string,
    on: RoleResource['on'],
    target: string,
  ): RoleResource => ({
    kind: 'role',
    name,
    account: account.name,
    member: account.email,
    on,
    target,
  });
  return [
    ...apis.map((name) => ({ kind: 'api', name }) as const),
    { kind: 'topic', name: topic },
    { kind: 'subscription', name: subscription, topic },
    ...datasets.map((name) => ({ kind: 'dataset', name, location }) as const),
    ...tables.map(({ name, layout }) => ({ kind: 'table', name, location, layout }) as const),
    ...tables.flatMap(({ name, layout }) =>
      layout.copies
        ? [{ kind: 'view', name: `${name}_unique`, location, of: name, layout } as const]
        : [],
    ),
    publisher,
    subscriber,
    grant(publisher, 'roles/pubsub.publisher', 'topic', topic),
    grant(subscriber, 'roles/pubsub.subscriber', 'subscription', subscription),
    // It reads at its start whether the subscription has settings by which messages would be lost.
    grant(subscriber, 'roles/pubsub.viewer', 'subscription', subscription),
    ...datasets.map((name) => grant(subscriber, 'roles/bigquery.dataEditor', 'dataset', name)),
    // Load jobs of export files; rows need no job.
    grant(subscriber, 'roles/bigquery.jobUser', 'project', project),
    ...exportBuckets(relay).map((name) =>
      grant(subscriber, 'roles/storage.objectViewer', 'gcs-bucket', name),
    ),
    { kind: 'key', name: publisher.email, account: publisher.name },
    ...cloudflare.queues.map(
      (name) => ({ kind: 'queue', name, retentionSeconds: queueRetentionSeconds }) as const,
    ),
    ...cloudflare.buckets.map((name) => ({ kind: 'bucket', name }) as const),
  ];
}

/** The accounts are named after the topic, so that two relays in one project have their own. */
function accountOf(
  { project, topic }: Relay,
  side: 'publisher' | 'subscriber',
): ResourceOf<'service-account'> {
  const name = accountName(topic, side);
  const titles = {
    publisher: `Tributary: the Worker, which publishes to ${topic}`,
    subscriber: `Tributary: the subscriber of ${topic}`,
  };
  // A project of a domain, `example.com:shop`, comes the other way round in addresses.
  const domain = project.split(':').reverse().join('.');
  return {
    kind: 'service-account',
    name,
    email: `${name}@${domain}.iam.gserviceaccount.com`,
    title: titles[side],
  };
}

/** 6 to 30 characters, of a–z, 0–9 and `-`, a letter first: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create */
const longestAccountName = 30;

export function accountName(topic: string, side: 'publisher' | 'subscriber'): string {
  const plain = topic.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const prefix = plain.replace(/^[^a-z]+/, '').slice(0, longestAccountName - side.length - 1);
  return [prefix.replace(/-+$/, ''), side].filter(Boolean).join('-');
}

interface Table {
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
}

/** Two streams may fill one table: it is made with the columns of both. */
function tablesOf(relay: Relay): Table[] {
  const tables = new Map<string, TableLayout>();
  const rows = [...rowTablesOf(relay), { table: relay.deadLetters, layout: deadLetterLayout }];
  for (const { table, layout } of rows) {
    const other = tables.get(table);
    const names = new Set(other?.columns.map(({ name }) => name.toLowerCase()));
    const more = layout.columns.filter(({ name }) => !names.has(name.toLowerCase()));
    tables.set(table, other ? { ...other, columns: [...other.columns, ...more] } : layout);
  }
  return [...tables].map(([name, layout]) => ({ name, layout }));
}

/** Those of all streams, also of exports, whose tables are made by their load jobs. */
function datasetsOf(relay: Relay): string[] {
  const streams = [...relay.streams.values()].map(({ table }) => table);
  const names = [...streams, relay.deadLetters].map((table) => table.split('.')[0] ?? '');
  return [...new Set(names)];
}

/** Buckets in Cloud Storage that exports are read from, with the subscriber's own credentials. */
function exportBuckets(relay: Relay): string[] {
  const buckets = [...relay.streams.values()].flatMap(({ storage }) =>
    storage?.kind === 'gcs' && storage.endpoint === undefined ? [storage.bucket] : [],
  );
  return [...new Set(buckets)];
}

/** The view beside a table, as the REST API describes it. */
export function definitionOf(
  { of, layout }: ResourceOf<'view'>,
  project: string,
): NonNullable<ReturnType<typeof uniqueViewOf>> {
  const [dataset = '', table = ''] = of.split('.');
  const definition = uniqueViewOf(project, { dataset, table }, layout);
  if (!definition) throw new TypeError(`the layout of ${of} has no view`);
  return definition;
}

/** How a resource is named in a report: what it is, and of what. */
export function labelOf(resource: Resource): string {
  if (resource.kind !== 'role') return resource.name;
  return `${resource.name} on ${resource.on} ${resource.target}`;
}

/** One name for each resource, for those that depend on it. */
export function keyOf(resource: Resource): string {
  return resource.kind === 'role'
    ? `role ${resource.member} ${labelOf(resource)}`
    : `${resource.kind} ${resource.name}`;
}

/** What must be there first: while it failed, the resource is not tried. */
export function needsOf(resource: Resource): string[] {
  switch (resource.kind) {
    case 'subscription':
      return [`topic ${resource.topic}`];
    case 'table':
      return [`dataset ${resource.name.split('.')[0]}`];
    case 'view':
      return [`table ${resource.of}`];
    case 'role': {
      const { on, target, account } = resource;
      const isOurs = on === 'topic' || on === 'subscription' || on === 'dataset';
      return [`service-account ${account}`, ...(isOurs ? [`${on} ${target}`] : [])];
    }
    case 'key':
      return [`service-account ${resource.account}`];
    default:
      return [];
  }
}
