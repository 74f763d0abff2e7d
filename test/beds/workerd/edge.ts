import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { inject, vi } from 'vitest';
import type { EdgeLog, Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { type EdgeReport, edgeReportStream } from '../../../shared/report/edge-report.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { createEdge } from '../../../worker/relay.ts';
import type { Fault, Try } from '../pubsub-stand-in-script.ts';

export const secrets = {
  SHOP_SECRET: 'shop secret',
  EXPORTS_KEY: 'exports-key',
  CRM_KEY: 'crm-key',
};

const filter = { event: '^(purchase|begin_checkout)$' };
export const cap = 2048;

export const shop = datanostro({
  table: 'd.shop',
  filter,
  publishBudgetMs: 600,
  maxBodyBytes: cap,
});

/** `shop` is signed, `exports` and `crm` are keyed. */
const streams: Record<string, Stream> = {
  shop,
  exports: absmartly({ table: 'd.exports', apiUrl: 'https://api.example' }),
  crm: segmentstream({ table: 'd.crm', publishBudgetMs: 600, maxBodyBytes: cap }),
};

/** A new edge, with its own topic at the Pub/Sub server of the tests. */
export function openEdge(
  options: {
    streams?: Record<string, Stream>;
    env?: object;
    now?: () => number;
    publicUrl?: string;
    /** By default all, so that the tests see the outcome of each delivery. */
    log?: EdgeLog;
    bodyBytes?: number;
    /** By default none is published, so that scripted faults hit deliveries alone. */
    reportEveryMs?: number;
  } = {},
) {
  const topic = `t-${crypto.randomUUID()}`;
  const relay = defineRelay({
    project: 'your-project',
    topic,
    streams: options.streams ?? streams,
    ...(options.publicUrl && { publicUrl: options.publicUrl }),
    log: options.log ?? 'all',
    refused: { bodyBytes: options.bodyBytes ?? 0 },
  });
  const { now, reportEveryMs } = options;
  const edge = createEdge(relay, {
    ...(now && { now }),
    ...(reportEveryMs !== undefined && { reportEveryMs }),
  });
  const pubsub = inject('pubsub');
  const bindings = {
    PUBSUB_ENDPOINT: pubsub,
    GOOGLE_SERVICE_ACCOUNT: inject('account'),
    ...secrets,
  };
  const env = Object.defineProperties(
    bindings,
    Object.getOwnPropertyDescriptors(options.env ?? {}),
  ) as unknown as Env;

  async function allTries(): Promise<Try[]> {
    const response = await fetch(`${pubsub}/tries/${topic}`);
    return response.json();
  }

  return {
    topic,
    /** Runs several at once: what one does in the background waits for none of the others. */
    together: (acts: readonly (() => Promise<unknown>)[]) => Promise.all(acts.map((act) => act())),
    /** Sends a POST, unless `init` has another method. */
    async send(path: string, init: RequestInit = {}): Promise<Response> {
      const context = createExecutionContext();
      const request = new Request(`https://relay.example${path}`, { method: 'POST', ...init });
      const response = await edge.fetch(request, env, context);
      await waitOnExecutionContext(context);
      return response;
    },
    /** Disconnects before the answer. Resolves once all is over that the edge has the runtime wait for. */
    async sendAndHangUp(path: string, init: RequestInit): Promise<void> {
      const held: Promise<unknown>[] = [];
      const context = { waitUntil: (promise: Promise<unknown>) => void held.push(promise) };
      const request = new Request(`https://relay.example${path}`, { method: 'POST', ...init });
      let isAnswered = false;
      void edge.fetch(request, env, context as unknown as ExecutionContext).finally(() => {
        isAnswered = true;
      });
      while (held.length === 0 && !isAnswered) await scheduler.wait(1);
      // More may be added meanwhile.
      for (const promise of held) await promise;
    },
    drain: (batch: MessageBatch) => edge.queue(batch, env),
    /** How the next attempts to publish fail. */
    async script(faults: Fault[]): Promise<void> {
      await fetch(`${pubsub}/script/${topic}`, { method: 'PUT', body: JSON.stringify(faults) });
    },
    /** The attempts to publish deliveries. */
    async tries(): Promise<Try[]> {
      return (await allTries()).filter((made) => !isReport(made));
    },
    /** The reports of the edge, as often as each was stored. */
    async reports(): Promise<EdgeReport[]> {
      const made = (await allTries()).filter((made) => isReport(made) && made.stored);
      return made.flatMap(({ request }) =>
        request.messages.map(
          ({ data }) => JSON.parse(decoder.decode(Uint8Array.fromBase64(data))) as EdgeReport,
        ),
      );
    },
    /** The attempts to publish reports. */
    async reportTries(): Promise<Try[]> {
      return (await allTries()).filter(isReport);
    },
    /** The counts of dropped events that were published. */
    async census(): Promise<unknown[]> {
      return (await this.reports()).flatMap(({ census }) => census);
    },
  };
}

function isReport({ request }: Try): boolean {
  return request.messages[0]?.attributes['stream'] === edgeReportStream;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Signs as in DataNostro's tutorial, without our own code. */
export async function signature(body: string | Uint8Array, secret = secrets.SHOP_SECRET) {
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), hmac, false, ['sign']);
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes)).toHex();
}

/** A POST to `shop` with a valid signature. */
export async function signed(body: string | Uint8Array): Promise<RequestInit> {
  return { body, headers: { 'x-dn-signature': await signature(body) } };
}

export const purchase = JSON.stringify({ id: 'evt_1', event_name: 'purchase' });

/** The lines that the edge logs while `act` runs. */
export async function logged(act: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    await act();
  } finally {
    log.mockRestore();
  }
  return lines;
}

/**
 * Makes every timer fire at once while `act` runs, so that no test waits for a part that hangs.
 *
 * @param hangs does it hang yet? Until then timers stand still, however slow the machine is
 */
export async function inNoTime<Value>(
  act: () => Promise<Value>,
  ms: number,
  hangs: () => boolean = () => true,
): Promise<Value> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let isOver = false;
  const acting = act().finally(() => {
    isOver = true;
  });
  try {
    // The real clock: `act` needs real time to reach its timers.
    while (!isOver) {
      await scheduler.wait(5);
      if (vi.getTimerCount() > 0 && hangs()) await vi.advanceTimersByTimeAsync(ms);
    }
    return await acting;
  } finally {
    vi.useRealTimers();
  }
}
