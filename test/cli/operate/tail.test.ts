import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Edge, startEdge } from '../../../local/edge.ts';
import { connectPubsub } from '../../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import { completeSecrets } from '../../../local/secrets.ts';
import { type Envelope, toAttributes } from '../../../shared/envelope.ts';
import { relay } from '../../../tributary.config.ts';
import { runCommand } from '../../beds/run-command.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));
const config = fileURLToPath(new URL('../../../tributary.config.ts', import.meta.url));

let home: string;
let server: PubsubServer;
let pubsub: PubSub;
const edgePort = 9;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tributary-tail-'));
  server = await startPubsub({ port: 0, directory: join(home, 'pubsub') });
  pubsub = connectPubsub(relay.project, server.port);
  await pubsub.createTopic(relay.topic);
  const ports = { pubsub: server.port, edge: edgePort };
  writeFileSync(join(home, 'stack.json'), JSON.stringify({ pid: process.pid, ports }));
});

afterAll(async () => {
  await pubsub?.close();
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

const environment: NodeJS.ProcessEnv = { ...process.env, TRIBUTARY_CONFIG: config };

class Tail {
  readonly process: ChildProcess;
  out = '';
  err = '';

  constructor(name: string, ...args: string[]) {
    const flags = ['tail', '--name', name, '--state', home, ...args];
    this.process = spawn(process.execPath, [main, ...flags], { env: environment, cwd: home });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  static async start(name: string, ...args: string[]): Promise<Tail> {
    const tail = new Tail(name, ...args).read();
    await expect.poll(() => tail.out + tail.err, { timeout: 20_000 }).toMatch(/Following|opened/);
    return tail;
  }

  read(): this {
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    return this;
  }

  get lines(): Record<string, unknown>[] {
    const whole = this.out.slice(0, this.out.lastIndexOf('\n') + 1).split('\n');
    return whole.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  ofKind(kind: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line['kind'] === kind);
  }

  async ended(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await once(this.process, 'close');
    }
    return this.process.exitCode;
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.process.kill(signal);
    return await this.ended();
  }
}

async function publish(
  count: number,
  body: (n: number) => Buffer,
  more: Partial<Envelope> = {},
): Promise<string[]> {
  const topic = pubsub.topic(relay.topic, { batching: { maxMessages: 100 } });
  const ids = Array.from({ length: count }, () => uuidv7());
  await Promise.all(
    ids.map((deliveryId, n) =>
      topic.publishMessage({
        data: body(n),
        attributes: toAttributes({ stream: 'crm', deliveryId, receivedAt: Date.now(), ...more }),
      }),
    ),
  );
  return ids;
}

async function isThere(name: string): Promise<boolean> {
  const [found] = await pubsub.subscription(`${relay.subscription}-tail-${name}`).exists();
  return found;
}

const idsOf = (lines: readonly Record<string, unknown>[]) =>
  lines.map(({ deliveryId }) => String(deliveryId));

describe('tributary tail', { timeout: 60_000 }, () => {
  it('prints a line for each delivery, safe on a terminal, and never a body', async () => {
    const tail = await Tail.start('plain');
    const [id = ''] = await publish(1, () => Buffer.from('secret=payload'), {
      event: 'order\u001b[2J\u202epaid\nforged',
    });
    await expect.poll(() => tail.out).toContain(id);
    expect(tail.out).toContain('crm order\\u001b[2J\\u202epaid\\nforged');
    expect(tail.out).toMatch(/^\d\d:\d\d:\d\d accepted \S{36} .* 14 B crm /);
    expect(await tail.kill('SIGTERM')).toBe(0);
    expect(tail.out + tail.err).not.toContain('payload');
    expect(tail.out.trimEnd().split('\n')).toHaveLength(1);
    expect(tail.err).toContain('Stopped: SIGTERM. 1 deliveries were shown.');
    expect(await isThere('plain')).toBe(false);
  });

  it('prints one JSON document a line, with bodies if it is told to', async () => {
    const tail = await Tail.start('json', '--json', '--body');
    await publish(1, () => Buffer.from('text é'), { contentType: 'text/plain' });
    await publish(1, () => Buffer.from([0xff, 0x00]));
    await expect.poll(() => tail.ofKind('delivery').length).toBe(2);
    expect(await tail.kill('SIGINT')).toBe(0);
    expect(tail.err).toBe('');
    const byBody = tail.ofKind('delivery').map(({ body, bodyBase64 }) => body ?? bodyBase64);
    expect(byBody.toSorted()).toEqual(['/wA=', 'text é']);
    expect(tail.lines.at(-1)).toMatchObject({ kind: 'ended', why: 'stopped', isRemoved: true });
  });

  it('goes on where it was killed, and says how many came meanwhile', async () => {
    const first = await Tail.start('killed', '--json');
    await first.kill('SIGKILL');
    const ids = await publish(25, () => Buffer.from('{}'));
    const second = new Tail('killed', '--json').read();
    await expect.poll(() => second.ofKind('caught up').length, { timeout: 20_000 }).toBe(1);
    expect(second.ofKind('caught up')).toEqual([{ kind: 'caught up', deliveries: 25 }]);
    expect(new Set(idsOf(second.ofKind('delivery')))).toEqual(new Set(ids));
    expect(await second.kill('SIGHUP')).toBe(0);
    // The terminal was closed: what comes now is kept, too.
    expect(await isThere('killed')).toBe(true);
  });

  it('ends when nobody reads its output any more, and leaves nothing behind', async () => {
    const tail = await Tail.start('pipe');
    expect(await isThere('pipe')).toBe(true);
    tail.process.stdout?.destroy();
    await publish(50, () => Buffer.from('{}'));
    expect(await tail.ended()).toBe(0);
    expect(tail.err).toContain('nobody reads the output any more');
    expect(await isThere('pipe')).toBe(false);
  });

  it('waits for a slow reader with bounded memory, and drops nothing', async () => {
    const tail = new Tail('slow', '--json', '--body');
    await expect.poll(() => isThere('slow'), { timeout: 20_000 }).toBe(true);
    const count = 4000;
    const text = 'x'.repeat(25_000);
    const before = peakMiB(tail);
    // Nobody reads yet: 100 MB wait in Pub/Sub.
    const ids = await publish(count, (n) => Buffer.from(`${n} ${text}`));
    tail.read();
    await expect.poll(() => tail.out.length, { timeout: 40_000 }).toBeGreaterThan(count * 25_000);
    await expect.poll(() => tail.ofKind('delivery').length).toBe(count);
    expect(new Set(idsOf(tail.ofKind('delivery')))).toEqual(new Set(ids));
    expect(peakMiB(tail) - before).toBeLessThan(90);
    expect(await tail.kill('SIGTERM')).toBe(0);
  });
});

/** The peak memory of the process. */
function peakMiB({ process: { pid } }: Tail): number {
  const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

describe('tributary tail --forward-to', { timeout: 90_000 }, () => {
  it('signs what it forwards, so that another relay takes it as it was', async () => {
    const other = await startPubsub({ port: 0, directory: join(home, 'other') });
    const client = connectPubsub(relay.project, other.port);
    await client.createTopic(relay.topic);
    const [subscription] = await client.createSubscription(relay.topic, 'forwarded');
    const secretsFile = join(home, '.dev.vars');
    const { secrets } = completeSecrets(secretsFile, relay);
    const bindings = { ...secrets, PUBSUB_ENDPOINT: `http://127.0.0.1:${other.port}` };
    const edge: Edge = await startEdge({ port: 0, bindings });
    onTestFinished(async () => {
      await edge.stop();
      await client.close();
      await other.stop();
    });
    const received: { stream: string; body: string }[] = [];
    subscription.on('message', (message) => {
      received.push({
        stream: message.attributes['stream'] ?? '',
        body: message.data.toString(),
      });
      message.ack();
    });
    const to = ['--forward-to', `http://127.0.0.1:${edge.port}/`, '--sign'];
    const tail = await Tail.start('sign', '--json', ...to, '--secrets', secretsFile);
    const event = '{"id":"e1",  "event_name":"purchase"}\n';
    await publish(1, () => Buffer.from(event), {
      stream: 'datanostro',
      contentType: 'application/json',
    });
    const form = 'orderId=1&status=new';
    await publish(1, () => Buffer.from(form), { contentType: 'application/x-www-form-urlencoded' });
    await publish(1, () => Buffer.from('{}'), { stream: 'removed' });
    await expect.poll(() => tail.ofKind('forwarded').length, { timeout: 20_000 }).toBe(3);
    await expect.poll(() => received.length).toBe(2);
    await subscription.close();
    expect(received).toContainEqual({ stream: 'datanostro', body: event });
    expect(received).toContainEqual({ stream: 'crm', body: form });
    const results = tail.ofKind('forwarded').map(({ stream, status, result, reason }) => ({
      ...{ stream, said: status ?? reason, result },
    }));
    expect(results).toContainEqual({ stream: 'datanostro', said: 204, result: 'answered' });
    expect(results).toContainEqual({ stream: 'crm', said: 204, result: 'answered' });
    expect(results).toContainEqual({
      ...{ stream: 'removed', said: 'the config has no stream "removed"', result: 'not sent' },
    });
    const printed = tail.out + tail.err;
    for (const secret of [secrets['DATANOSTRO_SECRET'], secrets['CRM_KEY']]) {
      expect(printed).not.toContain(secret);
    }
  });

  it('goes on while the receiver is away', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    await new Promise((resolve) => squatter.close(resolve));
    const tail = await Tail.start('away', '--json', '--forward-to', `http://127.0.0.1:${port}/key`);
    await publish(3, () => Buffer.from('{}'));
    await expect.poll(() => tail.ofKind('forwarded').length).toBe(3);
    expect(tail.ofKind('delivery')).toHaveLength(3);
    expect(tail.ofKind('forwarded')[0]).toMatchObject({
      ...{ result: 'unanswered', reason: 'ECONNREFUSED' },
    });
    expect(tail.out).not.toContain('/key');
  });

  it.each([
    [['--forward-to', `http://localhost:${edgePort}/crm`], 'for ever'],
    [['--forward-to', 'ftp://example.com'], 'http or https'],
    [['--forward-to', 'nonsense'], 'http or https'],
    [['--name', 'No Name'], 'lower-case'],
    [['--timeout', '0'], 'whole number'],
    [['shpo'], 'stream.unknown'],
  ])('%j is a misuse', async (args, problem) => {
    const { status, err } = await runCommand(['tail', ...args, '--state', home], environment);
    expect(status).toBe(2);
    expect(err).toContain(problem);
  });

  it('says so if there is neither a local relay nor Google', async () => {
    const { GOOGLE_CLOUD_PROJECT: _, GOOGLE_APPLICATION_CREDENTIALS: _1, ...bare } = environment;
    const state = join(home, 'nothing-here');
    const { status, err } = await runCommand(['tail', '--state', state], bare);
    expect(status).toBe(1);
    expect(err).toContain('bigquery.nowhere');
  });
});
