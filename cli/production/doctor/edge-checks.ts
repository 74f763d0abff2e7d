import type { RelayStream } from '../../../shared/config/config.ts';
import { type Check, failed, ok, skipped, sumUp, type Trouble } from './check.ts';
import { type Examination, placeOf, relayOf } from './examination.ts';
import { reasonOf } from './network-checks.ts';

const answerWithinMs = 3000;
export const noUrl =
  'the URL of the edge is unknown: set publicUrl in the config, or give --to <url>';

export const edgeCheck: Check = {
  id: 'edge',
  title: 'edge answers',
  needs: ['place'],
  withinMs: answerWithinMs + 500,
  async run(examination) {
    const { edge } = examination;
    if (edge === undefined) return skipped(noUrl);
    const begun = performance.now();
    let response: Response;
    try {
      response = await ask(`${edge}/`);
    } catch (error) {
      return failed(
        `${edge} does not answer: ${reasonOf(error as Error)}`,
        startOrDeploy(examination),
      );
    }
    const ms = Math.round(performance.now() - begun);
    if (response.status === 200 && (await isTributary(response))) {
      return ok(`${edge} in ${ms} ms`);
    }
    return failed(`${edge} answers ${response.status}, and not as a relay of Tributary`, {
      remedy: 'Check publicUrl of the config, or --to, and the route of the Worker.',
    });
  },
};

function startOrDeploy(examination: Examination) {
  return placeOf(examination).isLocal
    ? { remedy: 'Start the local relay again:', command: 'npx tributary start' }
    : { remedy: 'Check the URL, or deploy the Worker:', command: 'npx tributary deploy' };
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(answerWithinMs),
    ...init,
  });
}

async function isTributary(response: Response): Promise<boolean> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  }
}

/** The edge limits failed tries of an address, to 60 a minute by default. */
const maxUnsigned = 20;

export const unsignedCheck: Check = {
  id: 'unsigned',
  title: 'unsigned gets 401',
  needs: ['edge'],
  withinMs: 15_000,
  async run(examination) {
    const { edge } = examination;
    if (edge === undefined) return skipped(noUrl);
    const streams = [...relayOf(examination).streams.values()].slice(0, maxUnsigned);
    const troubles = await Promise.all(
      streams.map((stream) => unsignedTrouble(edge, stream, examination)),
    );
    return sumUp(troubles, streams.map(({ name }) => name).join(', '));
  },
};

async function unsignedTrouble(
  edge: string,
  stream: RelayStream,
  examination: Examination,
): Promise<Trouble> {
  const { name, secrets } = stream;
  const headers = { 'content-type': 'application/json' };
  const response = await ask(`${edge}/${name}`, { method: 'POST', headers, body: '{}' });
  await response.body?.cancel();
  const { isLocal } = placeOf(examination);
  const deploy = isLocal ? 'npx tributary start' : 'npx tributary deploy';
  const { status } = response;
  switch (status) {
    case 401:
      return undefined;
    case 403:
      return {
        state: 'warning',
        problem: `${name}: this address is not among its allowedAddresses`,
        remedy: 'Run this where its sender is, or add the address for as long as you test.',
      };
    case 404:
      return {
        state: 'failed',
        problem: `${name}: the edge knows no such stream`,
        remedy: 'It runs another config than this one. Deploy it again:',
        command: deploy,
      };
    case 429:
      return {
        state: 'warning',
        problem: `${name}: the edge takes no more failed tries from this address`,
        remedy: 'Run this again in a minute.',
      };
    case 503:
      return {
        state: 'failed',
        problem: `${name}: the edge lacks ${secrets.join(' or ')}, or cannot read it`,
        ...(isLocal
          ? { remedy: `Add it to ${examination.options.secrets}, then start the relay again.` }
          : { command: `npx wrangler secret put ${secrets[0]}` }),
      };
    default:
      return {
        state: 'failed',
        problem: response.ok
          ? `${name}: the edge took a delivery without a signature (${status})`
          : `${name}: the edge answers ${status}`,
        remedy: 'Check that nothing before the Worker answers for it, then deploy it again:',
        command: deploy,
      };
  }
}
