import { Command } from 'commander';
import type { AlertOptions } from '../../../shared/config/alert-options.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { RelayError } from '../../../shared/errors.ts';
import { sampleMessage } from '../../../subscriber/alerts/messages/message.ts';
import { postMessage } from '../../../subscriber/alerts/messages/post-message.ts';
import { receiverUrlProblem } from '../../../subscriber/alerts/messages/receiver-url.ts';
import { alertSettings, type ReceiverSettings } from '../../../subscriber/alerts/settings.ts';
import { AlertStore } from '../../../subscriber/alerts/state/alert-store.ts';
import { loadRelay } from '../../../subscriber/service/load-relay.ts';
import { addBigQueryOptions, type BigQueryOptions, findBigQuery } from '../../find/bigquery.ts';
import { readSecrets } from '../../find/secrets.ts';
import { jsonOption, printJson } from '../../terminal/manners.ts';
import {
  type AlertLine,
  drawAlerts,
  drawTests,
  type ReceiverLine,
  type ReceiverTest,
} from './alert-report.ts';

export function alertsCommand(): Command {
  return new Command('alerts')
    .description('list the alerts, and send a sample to their receivers')
    .addCommand(listCommand())
    .addCommand(testCommand());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list the alerts that fire now, and what the receivers answered')
    .option('--all', 'also those that are cleared', false)
    .addOption(jsonOption());
  return addBigQueryOptions(command).action(list);
}

function testCommand(): Command {
  return new Command('test')
    .description('send a sample to the receivers, and show what they answer')
    .argument('[receiver]', 'only this one: the name of the variable with its URL')
    .option('--secrets <file>', 'file with the URLs that are not in the environment', '.dev.vars')
    .addOption(jsonOption())
    .action(test);
}

interface ListOptions extends BigQueryOptions {
  all: boolean;
  json: boolean;
}

async function list(options: ListOptions): Promise<void> {
  const relay = await loadRelay();
  const stored = await new AlertStore(findBigQuery(relay, options), relay).read();
  const alerts = [...stored.alerts.values()]
    .filter(({ isFiring }) => isFiring || options.all)
    .sort((a, b) => Number(b.isFiring) - Number(a.isFiring) || b.since - a.since)
    .map(
      ({
        id,
        condition,
        stream,
        isFiring,
        since,
        firedAt,
        reason,
        count,
        example,
        told,
      }): AlertLine => ({
        id,
        state: isFiring ? 'firing' : 'clear',
        condition,
        stream: stream ?? null,
        since: new Date(since).toISOString(),
        firedAt: new Date(firedAt).toISOString(),
        reason,
        count,
        example: example ?? null,
        told: [...told],
      }),
    );
  const receivers = [...stored.receivers.values()].map(
    ({ name, isFailing, since, answer, sentAt }): ReceiverLine => ({
      receiver: name,
      state: isFailing ? 'failing' : 'reached',
      since: new Date(since).toISOString(),
      answer,
      sentAt: sentAt === undefined ? null : new Date(sentAt).toISOString(),
    }),
  );
  if (options.json) return printJson({ alerts, receivers });
  process.stdout.write(drawAlerts(alerts, receivers, Date.now()));
  if (!relay.alerts) console.log('The config has no `alerts`: nobody watches.');
}

async function test(
  name: string | undefined,
  options: { secrets: string; json: boolean },
): Promise<void> {
  const relay = await loadRelay();
  const { receivers, consoleUrl } = alertSettings(requireAlerts(relay));
  const meant = receivers.filter((receiver) => name === undefined || receiver.name === name);
  if (meant.length === 0) {
    const names = receivers.map((receiver) => receiver.name).join(', ');
    throw new RelayError('alerts.receiver', `no receiver "${name}"; there are ${names}`);
  }
  const environment = readSecrets(options.secrets);
  const tests = await Promise.all(
    meant.map((receiver) => testReceiver(receiver, environment[receiver.name], relay, consoleUrl)),
  );
  if (tests.some(({ ok }) => !ok)) process.exitCode = 1;
  if (options.json) return printJson(tests);
  process.stdout.write(drawTests(tests));
}

async function testReceiver(
  { name, format, streams }: ReceiverSettings,
  url: string | undefined,
  relay: Relay,
  consoleUrl: string | undefined,
): Promise<ReceiverTest> {
  const problem = receiverUrlProblem(url);
  if (problem !== undefined || url === undefined) {
    return { receiver: name, format, ok: false, answer: `${name} ${problem}`, ms: null };
  }
  const [stream] = streams ?? relay.streams.keys();
  const begun = performance.now();
  const sample = sampleMessage(relay, stream, Date.now(), consoleUrl);
  const { isTaken, text, body } = await postMessage(sample, { url, format });
  const answer = body === undefined ? text : `${text}: ${body}`;
  return { receiver: name, format, ok: isTaken, answer, ms: Math.round(performance.now() - begun) };
}

function requireAlerts({ alerts }: Relay): AlertOptions {
  if (alerts) return alerts;
  throw new RelayError('alerts.none', 'tributary.config.ts has no `alerts`');
}
