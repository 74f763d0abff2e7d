import { basename } from 'node:path';
import type { RelayStream } from '../../../shared/config/config.ts';
import { defaultState } from '../../find/running-stack.ts';
import { findStream } from '../../find/stream.ts';
import { word } from '../plan/shell-word.ts';
import { canBeProbed, type ProbeResult, probeEdge } from '../probe.ts';
import { type Check, type Finding, failed, ok, skipped, warning } from './check.ts';
import { noUrl } from './edge-checks.ts';
import { type Examination, placeOf, relayOf } from './examination.ts';
import { clientsOf, grantYourself } from './google-checks.ts';

/** A signed delivery, the whole way. Only this check writes anything: one row. */
export const probeCheck: Check = {
  id: 'probe',
  title: 'probe becomes a row',
  needs: ['edge', 'topic', 'subscription', 'datasets', 'tables'],
  // The answer of the edge, the row, and the last query for it.
  withinMs: 90_000,
  async run(examination) {
    const { edge, options, secrets = {}, now } = examination;
    const relay = relayOf(examination);
    if (options.probe === false) return skipped('of --no-probe');
    if (edge === undefined) return skipped(noUrl);
    const stream =
      typeof options.probe === 'string'
        ? findStream(relay, options.probe)
        : [...relay.streams.values()].find((each) => canBeProbed(each, secrets));
    if (!stream || !canBeProbed(stream, secrets)) {
      return skipped('no stream of rows can be signed for with the secrets that are here', {
        remedy: `Put its secret into ${options.secrets}, then run this again.`,
      });
    }
    const { bigquery } = clientsOf(examination);
    const secret = secrets[stream.secrets[0] ?? ''] ?? '';
    const rowWithinMs = options.wait * 1000;
    const result = await probeEdge({ relay, stream, edge, secret, bigquery, rowWithinMs, now });
    return describeProbe(result, stream, examination);
  },
  // The row is looked for with a query.
  access: (examination) => grantYourself('roles/bigquery.user', examination),
};

function describeProbe(
  result: ProbeResult,
  stream: RelayStream,
  examination: Examination,
): Finding {
  const { outcome, status, answerMs, rowMs, deliveryId, problem, deletion } = result;
  const answer = `${stream.name}: ${status} in ${answerMs} ms`;
  const another = 'or name another stream with --probe <stream>.';
  switch (outcome) {
    case 'row':
      return ok(`${answer}, a row after ${rowMs} ms`, {
        remedy: 'To delete this row:',
        command: deletion && deleteCommand(deletion, examination),
      });
    case 'filtered':
      return warning(`${answer}; the filter of the stream drops the sample`, {
        remedy: `Send an event that passes (npx tributary send), ${another}`,
      });
    case 'accepted':
      return warning(`${answer}; its table has no column with the id of a delivery`, {
        remedy: `Look for the row yourself, ${another}`,
      });
    case 'no-row': {
      const { wait } = examination.options;
      return failed(`${answer}, and no row in ${stream.table} within ${wait} s (${deliveryId})`, {
        remedy: 'Look whether a subscriber runs, and what it logs:',
        command: placeOf(examination).isLocal ? 'npx tributary start' : 'npx tributary serve',
      });
    }
    case 'refused':
      return describeRefusal(status ?? 0, stream, examination);
    case 'unreachable':
      return failed(`${stream.name}: ${problem}`);
  }
}

function describeRefusal(
  status: number,
  { name, secrets }: RelayStream,
  examination: Examination,
): Finding {
  const { isLocal } = placeOf(examination);
  const [secret = ''] = secrets;
  switch (status) {
    case 401: {
      const found = `${name}: the edge takes another ${secret} than the one here, or its time is off`;
      return isLocal
        ? failed(found, {
            remedy: 'The edge reads its secrets when it starts: start the local relay again.',
            command: 'npx tributary start',
          })
        : failed(found, {
            remedy: "If the one here is the sender's, set it at the edge:",
            command: `npx wrangler secret put ${secret}`,
          });
    }
    case 503:
      return failed(`${name}: the edge can't publish (503)`, {
        remedy: 'Grant the publisher roles/pubsub.publisher on the topic. The cause is in the log:',
        command: isLocal ? undefined : 'npx wrangler tail',
      });
    default:
      return failed(`${name}: the edge answers ${status} to a signed delivery`, {
        remedy: 'Compare the config here with the one that was deployed.',
      });
  }
}

/** Which folder it is in is only said if that is not the one that the command finds by itself. */
function deleteCommand(statement: string, examination: Examination): string {
  const { state } = examination.options;
  const isOther = placeOf(examination).isLocal && basename(state) !== defaultState;
  return `npx tributary query ${word(statement)}${isOther ? ` --state ${word(state)}` : ''}`;
}
