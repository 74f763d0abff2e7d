import { AccessTokens } from '../../../worker/publish/access-token.ts';
import { type GoogleApis, googleOrigins, openGoogleApis } from '../google/google-apis.ts';
import { planSubscription, planTopic } from '../google/pubsub-plans.ts';
import { commandLines } from '../plan/command-lines.ts';
import type { Plan } from '../plan/plan.ts';
import { type Check, type Finding, failed, ok, remedyOf, skipped, warning } from './check.ts';
import { type Examination, placeOf, relayOf } from './examination.ts';
import { clientsOf, grantYourself } from './google-checks.ts';

const withinMs = 10_000;
const needs = ['pubsub', 'credentials'];
export const provision = 'npx tributary provision';

export const topicCheck: Check = {
  id: 'topic',
  title: 'topic',
  needs,
  withinMs,
  async run(examination) {
    const { topic: name, project } = relayOf(examination);
    const plan = await planTopic(clientsOf(examination).pubsub, { kind: 'topic', name }, project);
    return describePlan(plan, name);
  },
  access: (examination) => grantYourself('roles/pubsub.viewer', examination),
};

export const publishCheck: Check = {
  id: 'publish',
  title: 'may publish',
  needs: ['topic', 'key'],
  withinMs,
  async run(examination) {
    const relay = relayOf(examination);
    const { project, topic } = relay;
    const apis = publisherApis(examination);
    if (!apis) {
      return skipped('the key of the publisher is not here; the signed probe below shows it');
    }
    const email = examination.publisher?.email ?? '';
    const resource = `projects/${project}/topics/${topic}`;
    if (await isGranted(apis, resource, 'pubsub.topics.publish')) {
      return ok(email);
    }
    const role = {
      kind: 'role',
      name: 'roles/pubsub.publisher',
      account: '',
      member: email,
      on: 'topic',
      target: topic,
    } as const;
    const [command] = commandLines([role], { project, keyFile: '' });
    return failed(`${email} may not publish to ${topic}`, {
      remedy: `Grant it ${role.name} on the topic:`,
      command,
    });
  },
};

/** As the Worker asks: with a token that the publisher's own key signs. */
function publisherApis(examination: Examination): GoogleApis | undefined {
  const { publisher, now } = examination;
  if (placeOf(examination).isLocal) return clientsOf(examination).apis;
  if (!publisher) return undefined;
  const tokens = new AccessTokens();
  return openGoogleApis(
    async () => new Headers({ authorization: `Bearer ${await tokens.get(publisher.json, now())}` }),
    examination.origins ?? googleOrigins,
  );
}

async function isGranted(apis: GoogleApis, resource: string, permission: string): Promise<boolean> {
  const { permissions = [] } = await apis.call<{ permissions?: string[] }>(
    'pubsub',
    'POST',
    `/v1/${resource}:testIamPermissions`,
    { permissions: [permission] },
  );
  return permissions.includes(permission);
}

export const subscriptionCheck: Check = {
  id: 'subscription',
  title: 'subscription',
  needs,
  withinMs,
  async run(examination) {
    const { subscription: name, topic, project } = relayOf(examination);
    const resource = { kind: 'subscription', name, topic } as const;
    const plan = await planSubscription(clientsOf(examination).pubsub, resource, project);
    const settings = 'never expires, 7 days, no filter, no dead-letter topic';
    return describePlan(plan, `${name}: ${settings}`);
  },
  access: (examination) => grantYourself('roles/pubsub.viewer', examination),
};

export const subscribeCheck: Check = {
  id: 'subscribe',
  title: 'may subscribe',
  needs: ['subscription'],
  withinMs,
  async run(examination) {
    const { subscription, project } = relayOf(examination);
    const resource = `projects/${project}/subscriptions/${subscription}`;
    const isAllowed = await isGranted(
      clientsOf(examination).apis,
      resource,
      'pubsub.subscriptions.consume',
    );
    if (isAllowed) return ok('with the credentials of this machine');
    return failed(`the credentials of this machine may not pull from ${subscription}`, {
      remedy: 'Grant roles/pubsub.subscriber to the account that the subscriber runs as:',
      command: `gcloud pubsub subscriptions add-iam-policy-binding ${subscription} --member=serviceAccount:ACCOUNT --role=roles/pubsub.subscriber --project=${project}`,
    });
  },
};

/** What `provision` would do, as what is wrong. */
function describePlan(plan: Plan, asItShouldBe: string): Finding {
  switch (plan.state) {
    case 'same':
      return ok(asItShouldBe);
    case 'create':
      return failed('it does not exist', { command: provision });
    case 'update':
      return severalOf(warning, plan.changes, { command: provision });
    case 'conflict':
      return severalOf(failed, plan.problems, remedyOf(plan.remedy));
    case 'skip':
      return skipped(plan.reason);
  }
}

function severalOf(
  state: typeof warning,
  problems: readonly string[],
  remedy: ReturnType<typeof remedyOf>,
): Finding {
  const [only = '', ...more] = problems;
  if (more.length === 0) return state(only, remedy);
  const found = state(`${problems.length} settings`, remedy);
  return { ...found, problems: problems.map((problem) => ({ problem })) };
}
