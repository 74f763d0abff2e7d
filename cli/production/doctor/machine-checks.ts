import { relative } from 'node:path';
import type { Relay } from '../../../shared/config/config.ts';
import { accountSecret, misreadSecrets } from '../../../shared/config/secrets.ts';
import { receiverUrlProblems } from '../../../subscriber/alerts/messages/receiver-url.ts';
import { requireConfig } from '../../../subscriber/service/find-config.ts';
import { loadRelay } from '../../../subscriber/service/load-relay.ts';
import { AccessTokens } from '../../../worker/publish/access-token.ts';
import { readSecrets } from '../../find/secrets.ts';
import { findSecrets, workerSecrets } from '../cloudflare/worker-secrets.ts';
import { word } from '../plan/shell-word.ts';
import { keyFileIn } from '../provision.ts';
import { type Check, failed, ok, skipped, sumUp, type Trouble, warning } from './check.ts';
import { placeOf, relayOf } from './examination.ts';
import { findPlace } from './place.ts';

// What can be found out on this machine alone. Nothing here waits for a network.

/** The major version that runs TypeScript as it is; cli/tributary.js finds one. */
const neededNode = 24;
const withinMs = 10_000;

export const nodeCheck: Check = {
  id: 'node',
  title: 'Node',
  needs: [],
  withinMs,
  run() {
    const { node } = process.versions;
    if (Number(node.split('.')[0]) >= neededNode) return ok(node);
    return failed(`this is Node ${node}, and Tributary needs ${neededNode} or newer`, {
      command: `npm install --save-dev node@${neededNode}   # npx tributary then runs by it`,
    });
  },
};

export const configCheck: Check = {
  id: 'config',
  title: 'config',
  needs: ['node'],
  withinMs,
  async run(examination) {
    const file = requireConfig();
    const relay = await loadRelay(file);
    examination.relay = relay;
    const names = [...relay.streams.keys()];
    const count = names.length === 1 ? '1 stream' : `${names.length} streams`;
    return ok(`${relative(process.cwd(), file) || file}: ${count}`);
  },
};

export const placeCheck: Check = {
  id: 'place',
  title: 'where',
  needs: ['config'],
  withinMs,
  run(examination) {
    const place = findPlace(relayOf(examination), examination.options);
    examination.place = place;
    const edge = examination.options.to ?? place.edge ?? relayOf(examination).publicUrl;
    if (edge !== undefined) examination.edge = edge.replace(/\/+$/, '');
    return ok(place.title);
  },
};

export const secretsCheck: Check = {
  id: 'secrets',
  title: 'secrets here',
  needs: ['place'],
  withinMs,
  async run(examination) {
    const relay = relayOf(examination);
    const file = examination.options.secrets;
    const secrets = readSecrets(file);
    examination.secrets = secrets;
    const { isLocal } = placeOf(examination);
    const missing = streamSecrets(relay).filter((name) => !secrets[name]?.trim());
    const troubles: Trouble[] = missing.map((name) => ({
      // At Google, those of Cloudflare count.
      state: isLocal ? 'failed' : 'warning',
      problem: `${name} is neither in the environment nor in ${file}`,
      remedy: isLocal
        ? 'Copy it from the console of the sender, then start the relay again.'
        : 'Only needed here for `tributary send` and for the probe below.',
    }));
    for (const stream of relay.streams.values()) {
      for (const problem of await misreadSecrets(stream, (name) => secrets[name])) {
        const remedy = `Correct it in ${file}, and at Cloudflare if it was set from there.`;
        troubles.push({ state: 'failed', problem, remedy });
      }
    }
    troubles.push(...streamSecrets(relay).flatMap((name) => lineBreakIn(name, secrets[name])));
    return sumUp(troubles, `${streamSecrets(relay).length} of ${relay.streams.size} streams`);
  },
};

function streamSecrets(relay: Relay): string[] {
  return workerSecrets(relay).filter((name) => name !== accountSecret);
}

/** A key in PEM has line breaks; other secrets that have one inside were pasted in two. */
function lineBreakIn(name: string, value = ''): Trouble[] {
  const text = value.trim();
  if (!/[\r\n]/.test(text) || text.startsWith('-----BEGIN ')) return [];
  const remedy = 'Set it again, on one line.';
  return [{ state: 'failed', problem: `${name} has a line break inside`, remedy }];
}

export const alertsCheck: Check = {
  id: 'alerts',
  title: 'alerts',
  needs: ['secrets'],
  withinMs,
  run(examination) {
    const { alerts } = relayOf(examination);
    if (!alerts) return ok('none are configured');
    const { receivers } = alerts;
    const { isLocal } = placeOf(examination);
    const wrong = receiverUrlProblems(alerts, examination.secrets ?? {});
    const troubles: Trouble[] = wrong.map(({ name, problem }) => ({
      state: problem === 'is not set' ? 'warning' : 'failed',
      problem: `${name} ${problem}`,
      remedy: isLocal
        ? `Set it in ${examination.options.secrets}, then start the relay again.`
        : 'Set it where the subscriber runs; here it is only needed for `tributary alerts test`.',
    }));
    const count = receivers.length === 1 ? '1 receiver' : `${receivers.length} receivers`;
    return sumUp(troubles, `${count}; \`npx tributary alerts test\` sends a sample`);
  },
};

export const keyCheck: Check = {
  id: 'key',
  title: "publisher's key",
  needs: ['place'],
  withinMs,
  async run(examination) {
    const { options, now } = examination;
    const { project } = relayOf(examination);
    const keyFile = keyFileIn(options.state);
    const json = placeOf(examination).isLocal
      ? (examination.secrets?.[accountSecret] ?? '')
      : findSecrets([accountSecret], { file: options.secrets, keyFile }).values[accountSecret];
    if (json === undefined) {
      return skipped('only Cloudflare has it, or the local stack made it for itself');
    }
    // It signs a token as the Worker does, which shows more than that the JSON parses.
    await new AccessTokens().get(json, now());
    const { client_email: email, project_id: its } = JSON.parse(json) as Record<string, string>;
    examination.publisher = { json, email: String(email) };
    if (its === undefined || its === project) return ok(String(email));
    return warning(`it is an account of the project ${its}, and the config says ${project}`, {
      remedy: 'If that is not intended, have a key made for the account of this relay:',
      command: `npx tributary provision --rotate-key   # in ${word(project)}`,
    });
  },
};
