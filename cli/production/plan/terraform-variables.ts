import type { Column, TableLayout } from '../../../shared/columns.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { toTableMetadata } from '../../../subscriber/bigquery/tables/compare-table.ts';
import { definitionOf, type Resource, type ResourceOf } from './resources.ts';

/** What deploy/terraform takes, as `terraform.tfvars.json` has it. */
export function terraformVariables(resources: readonly Resource[], relay: Relay) {
  const { project, location, topic, subscription } = relay;
  const all = <Kind extends Resource['kind']>(kind: Kind) =>
    resources.filter((resource): resource is ResourceOf<Kind> => resource.kind === kind);
  const [publisher, subscriber] = all('service-account');
  return {
    project,
    location,
    topic,
    subscription,
    publisher: publisher?.name,
    subscriber: subscriber?.name,
    datasets: all('dataset').map(({ name }) => name),
    tables: Object.fromEntries(all('table').map(({ name, layout }) => [name, tableOf(layout)])),
    views: Object.fromEntries(
      all('view').map((view) => {
        const { view: definition, description } = definitionOf(view, project);
        return [view.name, { query: definition.query, description }];
      }),
    ),
    export_buckets: all('role')
      .filter(({ on }) => on === 'gcs-bucket')
      .map(({ target }) => target),
    queues: Object.fromEntries(
      all('queue').map(({ name, retentionSeconds }) => [name, retentionSeconds]),
    ),
    buckets: all('bucket').map(({ name }) => name),
  };
}

function tableOf(layout: TableLayout) {
  const { partitionBy, clusterBy = [], key = [], description = '' } = layout;
  const { fields } = toTableMetadata(layout).schema as { fields: Column[] };
  return {
    description,
    schema: JSON.stringify(fields),
    partition: partitionBy ? { field: partitionBy.column, type: partitionBy.by } : null,
    clustering: clusterBy,
    key,
  };
}
