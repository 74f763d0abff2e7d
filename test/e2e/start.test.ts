import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signDelivery } from '../../local/samples/deliveries.ts';
import { datanostroEvent } from '../../local/samples/drafts.ts';
import { relay } from '../../tributary.config.ts';
import { anyPorts, Home, RelayProcess, select, until } from '../beds/relay-process.ts';
import { itWith } from './tools.ts';

const main = new URL('../../cli/main.ts', import.meta.url);

let home: Home;
let running: RelayProcess[] = [];

beforeEach(() => {
  home = new Home();
});

afterEach(async () => {
  for (const relayProcess of running) {
    await relayProcess.killGroup().catch(() => {});
  }
  running = [];
  home.remove();
});

async function start(args?: string[]): Promise<RelayProcess> {
  const relayProcess = await RelayProcess.start(home, args);
  running.push(relayProcess);
  return relayProcess;
}

function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' });
}

const events = `\`${relay.project}.datanostro_events.events\``;

async function purchase(n: number, edge: string) {
  const stream = relay.streams.get('datanostro');
  if (!stream) throw new Error('no stream');
  const draft = datanostroEvent(n, 'purchase', Date.now());
  return await signDelivery(draft, stream, { relay, secrets: home.secrets, edge, now: Date.now() });
}

describe('npm start', { timeout: 60_000 }, () => {
  itWith(
    ['curl', 'ps'],
    'prints curls that fill the tables, and leaves nothing behind',
    async () => {
      const relayProcess = await start([...anyPorts, '--curl']);
      for (const stream of relay.streams.keys()) {
        expect(sh(relayProcess.curlOf(stream))).toMatch(/^HTTP\/1\.1 204 /);
      }
      const { bigquery } = relayProcess;
      for (const { table } of relay.streams.values()) {
        const query = `SELECT * FROM \`${relay.project}.${table}\` LIMIT 10`;
        const rows = await until(
          () => select(bigquery, query),
          (found) => found.length > 0,
        );
        expect(rows.length).toBeGreaterThan(0);
      }
      const forged = relayProcess.curlOf('datanostro').replace('purchase', 'Purchase');
      expect(sh(forged)).toMatch(/^HTTP\/1\.1 401 /);

      expect(await relayProcess.interrupt()).toBe(0);
      expect(relayProcess.leavesProcesses).toBe(false);
    },
  );

  itWith(
    ['curl', 'ps'],
    'keeps what it holds from others, tightens what was open, and says so',
    async () => {
      mkdirSync(home.state);
      chmodSync(home.state, 0o755);
      writeFileSync(home.secretsFile, 'CRM_KEY=a-key-of-mine\n');
      chmodSync(home.secretsFile, 0o644);
      const relayProcess = await start([...anyPorts, '--allow-host', 'tributary', 'relay.test']);
      expect(relayProcess.output).toContain(`${home.state} could be read by others`);
      expect(relayProcess.output).toContain(`${home.secretsFile} could be read by others`);
      const open = readdirSync(home.path, { recursive: true, encoding: 'utf8' }).filter(
        // The relay runs: a file of its own may be gone by now.
        (path) =>
          ((statSync(join(home.path, path), { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0,
      );
      expect(open).toEqual([]);

      const listed = sh('ps -A -ww -o args=');
      expect(listed).toContain('part.ts edge');
      for (const secret of Object.values(home.secrets)) expect(listed).not.toContain(secret);

      const { bigquery, pubsub, absmartly, datanostro, edge } = relayProcess.ports;
      const statusAs = (host: string, port: number) =>
        sh(`curl -s -o /dev/null -w '%{http_code}' -H 'Host: ${host}' http://127.0.0.1:${port}/`);
      for (const port of [bigquery, pubsub, absmartly, datanostro]) {
        expect(statusAs('evil.example', port)).toBe('403');
        for (const host of ['localhost', `tributary:${port}`, 'RELAY.test']) {
          expect(statusAs(host, port)).not.toBe('403');
        }
      }
      // The edge is as in production, whose senders know it by its public name.
      expect(statusAs('hooks.example.com', edge)).not.toBe('403');
    },
  );

  it("fills yesterday from the sender's history with the commands that it prints", async () => {
    const relayProcess = await start();
    const [backfill = '', reconcile = ''] =
      relayProcess.output.match(/^DATANOSTRO_API_URL=.*$/gm) ?? [];
    const own = (command: string) =>
      command.replace('npx tributary', `${process.execPath} ${fileURLToPath(main)}`);
    expect(() => sh(own(reconcile))).toThrow();
    // Two a minute; three of five kinds of events pass the filter.
    expect(sh(own(backfill))).toMatch(/│ all +│ *2,880 │ *1,728 │ *0 │/);
    expect(sh(own(reconcile))).toContain('1,728 rows, 0 missing, 0 extra, 0 duplicate');
    expect(await relayProcess.interrupt()).toBe(0);
  });

  /** Sends from eight senders at once until `stop` is aborted; the ids of what was answered 2xx. */
  function burst(edge: string, stop: AbortSignal): { accepted: string[]; ended: Promise<unknown> } {
    const accepted: string[] = [];
    let next = 0;
    const send = async () => {
      while (!stop.aborted) {
        const { url, headers, body } = await purchase(next++, edge);
        const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
        const id = answer?.headers.get('tributary-delivery-id');
        if (answer?.status === 204 && id) accepted.push(id);
      }
    };
    return { accepted, ended: Promise.all(Array.from({ length: 8 }, send)) };
  }

  /** The delivery ids of all rows, once every accepted one is among them. */
  async function idsWith(accepted: string[], { bigquery }: RelayProcess): Promise<string[]> {
    const rows = await until(
      () => select<{ id: string }>(bigquery, `SELECT delivery_id AS id FROM ${events}`),
      (found) => new Set(accepted).isSubsetOf(new Set(found.map((row) => row.id))),
    );
    return rows.map((row) => row.id);
  }

  it('goes on after kill -9 of the whole process group: what was answered 2xx is a row, and the secrets stay', async () => {
    const first = await start();
    const before = home.secrets;
    expect(Object.keys(before).sort()).toEqual([
      'ABSMARTLY_API_KEY',
      'ABSMARTLY_KEY',
      'CRM_KEY',
      'DATANOSTRO_API_KEY',
      'DATANOSTRO_SECRET',
      'GOOGLE_SERVICE_ACCOUNT',
    ]);
    const stop = new AbortController();
    const { accepted, ended } = burst(first.edge, stop.signal);
    await until(
      () => Promise.resolve(accepted),
      (ids) => ids.length >= 300,
    );
    await first.killGroup();
    stop.abort();
    await ended;

    const second = await start();
    expect(home.secrets).toEqual(before);
    expect((await idsWith(accepted, second)).length).toBeGreaterThanOrEqual(accepted.length);
    expect(await second.interrupt()).toBe(0);
  });

  itWith(
    ['ps'],
    'drains at Ctrl-C in a burst: no row is missing, and none is there twice',
    async () => {
      const first = await start();
      const before = home.secrets;
      const stop = new AbortController();
      const { accepted, ended } = burst(first.edge, stop.signal);
      await until(
        () => Promise.resolve(accepted),
        (ids) => ids.length >= 300,
      );
      expect(await first.interrupt()).toBe(0);
      expect(first.leavesProcesses).toBe(false);
      stop.abort();
      await ended;

      // As a version from before the mark left it.
      rmSync(join(home.state, 'version.json'));
      const second = await start();
      expect(home.secrets).toEqual(before);
      const ids = await idsWith(accepted, second);
      expect(ids.length).toBe(new Set(ids).size);
      expect(await second.interrupt()).toBe(0);
    },
  );

  itWith(['ps'], 'takes its parts along when it alone is killed', async () => {
    const relayProcess = await start();
    process.kill(relayProcess.process.pid ?? 0, 'SIGKILL');
    await relayProcess.exited();
    await until(
      () => Promise.resolve([relayProcess.leavesProcesses]),
      ([leaves]) => leaves === false,
    );
    // All ports and locks are free again.
    expect(await (await start()).interrupt()).toBe(0);
  });

  for (const [part, command] of [
    ['the edge', 'part.ts edge'],
    ['its workerd', 'workerd serve'],
  ] as const) {
    itWith(['ps'], `ends with all its parts when ${part} is killed`, async () => {
      const relayProcess = await start();
      process.kill(relayProcess.find(command), 'SIGKILL');
      expect(await relayProcess.exited()).toBe(1);
      expect(relayProcess.output).toContain('edge ended unexpectedly');
      await until(
        () => Promise.resolve([relayProcess.leavesProcesses]),
        ([leaves]) => leaves === false,
      );
    });
  }

  it('names a port that is taken, and starts nothing', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as { port: number };
    const relayProcess = new RelayProcess(home, ['--pubsub-port', String(port)]);
    running.push(relayProcess);
    expect(await relayProcess.exited()).toBe(1);
    expect(relayProcess.output).toContain(`port ${port} for Pub/Sub is taken`);
    expect(relayProcess.output).toContain('--pubsub-port');
    expect(relayProcess.output).not.toContain('    at ');
    squatter.close();
  });

  it('refuses to run twice on one state', async () => {
    const first = await start();
    const second = new RelayProcess(home);
    running.push(second);
    expect(await second.exited()).toBe(1);
    expect(second.output).toContain(`process ${first.process.pid}`);
    expect(await first.interrupt()).toBe(0);
  });

  it('refuses the state of a newer version, and names it', async () => {
    mkdirSync(home.state);
    writeFileSync(join(home.state, 'version.json'), '{"tributary":"7.1.0","layout":9}');
    const relayProcess = new RelayProcess(home);
    running.push(relayProcess);
    expect(await relayProcess.exited()).toBe(1);
    expect(relayProcess.output).toContain('was written by Tributary 7.1.0');
    expect(relayProcess.output).toContain('state.version');
    expect(readdirSync(home.state)).toEqual(['version.json']);
  });
});
