import { subscriptionSettings } from '../../../subscriber/pull/subscription.ts';
import { bucketCommand, queueCommand } from '../cloudflare/cloudflare-plans.ts';
import { createTableStatement, createViewStatement } from './ddl.ts';
import { definitionOf, type Resource, type RoleResource } from './resources.ts';
import { word } from './shell-word.ts';

/** What `provision` does, as lines to paste into a POSIX shell: gcloud's, bq's and wrangler's. */
export function commandLines(
  resources: readonly Resource[],
  { project, keyFile }: { project: string; keyFile: string },
): string[] {
  const apis = resources.filter(({ kind }) => kind === 'api').map(({ name }) => name);
  const lines = apis.length > 0 ? [`gcloud services enable ${apis.join(' ')}${of(project)}`] : [];
  for (const resource of resources) {
    if (resource.kind !== 'api') lines.push(lineOf(resource, project, keyFile));
  }
  return lines;
}

function lineOf(
  resource: Exclude<Resource, { kind: 'api' }>,
  project: string,
  keyFile: string,
): string {
  const name = word(resource.name);
  switch (resource.kind) {
    case 'topic':
      return `gcloud pubsub topics create ${name}${of(project)}`;
    case 'subscription':
      return `gcloud pubsub subscriptions create ${name} --topic=${word(resource.topic)} ${subscriptionFlags()}${of(project)}`;
    case 'dataset':
      return `bq --location=${word(resource.location)} mk --dataset ${word(`${project}:${resource.name}`)}`;
    case 'table':
      return query(createTableStatement(resource.name, resource.layout), {
        project,
        location: resource.location,
      });
    case 'view':
      return query(createViewStatement(resource.name, definitionOf(resource, project)), {
        project,
        location: resource.location,
      });
    case 'service-account':
      return `gcloud iam service-accounts create ${name} --display-name=${word(resource.title)}${of(project)}`;
    case 'role':
      return grantLine(resource, project);
    case 'key':
      return `(umask 077 && gcloud iam service-accounts keys create ${word(keyFile)} --iam-account=${name}${of(project)})`;
    case 'queue':
      return wrangler(queueCommand(resource.name, resource.retentionSeconds));
    case 'bucket':
      return wrangler(bucketCommand(resource.name));
  }
}

function subscriptionFlags(): string {
  const { ackDeadlineSeconds, messageRetentionDuration, retryPolicy } = subscriptionSettings;
  return [
    `--ack-deadline=${ackDeadlineSeconds}`,
    '--expiration-period=never',
    `--message-retention-duration=${messageRetentionDuration.seconds}s`,
    `--min-retry-delay=${retryPolicy.minimumBackoff.seconds}s`,
    `--max-retry-delay=${retryPolicy.maximumBackoff.seconds}s`,
  ].join(' ');
}

function grantLine({ on, target, name, member }: RoleResource, project: string): string {
  const flags = `--member=serviceAccount:${member} --role=${name}`;
  switch (on) {
    case 'topic':
      return `gcloud pubsub topics add-iam-policy-binding ${word(target)} ${flags}${of(project)}`;
    case 'subscription':
      return `gcloud pubsub subscriptions add-iam-policy-binding ${word(target)} ${flags}${of(project)}`;
    case 'project':
      return `gcloud projects add-iam-policy-binding ${word(target)} ${flags} --condition=None`;
    case 'gcs-bucket':
      return `gcloud storage buckets add-iam-policy-binding gs://${word(target)} ${flags}`;
    case 'dataset':
      return `bq --project_id=${word(project)} query --use_legacy_sql=false ${word(
        `GRANT \`${name}\` ON SCHEMA \`${target}\` TO "serviceAccount:${member}"`,
      )}`;
  }
}

function query(statement: string, place: { project: string; location: string }): string {
  const { project, location } = place;
  return `bq --project_id=${word(project)} --location=${word(location)} query --use_legacy_sql=false ${word(statement)}`;
}

function wrangler(args: string[]): string {
  return ['npx wrangler', ...args.map(word)].join(' ');
}

function of(project: string): string {
  return ` --project=${word(project)}`;
}
