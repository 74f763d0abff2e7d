import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from '../../local/edge.ts';
import { connectPubsub } from '../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../local/pubsub/main.ts';
import { completeSecrets } from '../../local/secrets.ts';
import { relay } from '../../tributary.config.ts';
import { runCommand } from '../beds/run-command.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'tributary-test-'));
const secretsFile = join(home, '.dev.vars');

let pubsub: PubsubServer;
let edge: Edge;

beforeAll(async () => {
  pubsub = await startPubsub({ port: 0, directory: join(home, 'pubsub') });
  const client = connectPubsub(relay.project, pubsub.port);
  await client.createTopic(relay.topic);
  await client.close();
  const { secrets } = completeSecrets(secretsFile, relay);
  const bindings = { ...secrets, PUBSUB_ENDPOINT: `http://127.0.0.1:${pubsub.port}` };
  edge = await startEdge({ port: 0, bindings });
}, 60_000);

afterAll(async () => {
  await edge?.stop();
  await pubsub?.stop();
  rmSync(home, { recursive: true });
});

interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** Asynchronous, because the servers run in this process. */
function run(command: string, args: string[], { input = '', env = {} } = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

function send(args: string[], options?: { input?: string; env?: object }): Promise<Ran> {
  const files = ['--secrets', secretsFile, '--state', join(home, 'none')];
  return run(process.execPath, [main, 'send', ...args, ...files], options);
}

/** In this process: faster. */
async function sendInProcess(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const files = ['--secrets', secretsFile, '--state', join(home, 'none')];
  const ran = await runCommand(['send', ...args, ...files], { ...process.env, ...env });
  return { status: Number(ran.status), stdout: ran.out, stderr: ran.err };
}

const toEdge = () => ['--to', `http://127.0.0.1:${edge.port}/`];

describe('tributary send', { timeout: 60_000 }, () => {
  it.each([...relay.streams.keys()])(
    'signs a sample of %s, which the edge accepts',
    async (name) => {
      const { status, stdout } = await send([name, ...toEdge()]);
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: expect.stringMatching(/^204 No Content\ntributary-delivery-id: [0-9a-f-]{36}\n$/),
      });
    },
  );

  it('sends a file and standard input unchanged', async () => {
    const file = join(home, 'event.json');
    writeFileSync(file, '{"id":"evt_1","event_name":"page_view"}\r\n');
    const filtered = await send(['datanostro', file, ...toEdge()]);
    expect(filtered).toMatchObject({ status: 0, stdout: expect.stringContaining('filtered') });

    const input = '{"id":"evt_1","event_name":"purchase"}';
    const accepted = await send(['datanostro', '-', ...toEdge()], { input });
    expect(accepted).toMatchObject({ status: 0, stdout: expect.stringContaining('delivery-id') });
  });

  it('lists the samples of a sender, without an edge', async () => {
    const { status, stdout } = await send(['datanostro', '--list-events', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      stream: 'datanostro',
      events: ['purchase', 'begin_checkout', 'add_to_cart', 'page_view'].map((event) => ({
        event,
        sender: 'datanostro',
      })),
    });
    const text = await send(['datanostro', '--list-events']);
    expect(text.stdout).toMatch(/│ page_view +│ datanostro +│/);
  });

  it('sends the event that is named, with the values that are set', async () => {
    const filtered = await send(['datanostro', '--event', 'page_view', ...toEdge()]);
    expect(filtered.stdout).toContain('tributary-outcome: filtered');
    const set = ['--set', '$.event_name=page_view', '--set', '$.request_body.n=5'];
    const changed = await send(['datanostro', ...set, ...toEdge()]);
    expect(changed).toMatchObject({ status: 0, stdout: expect.stringContaining('filtered') });
    const forged = await send(['datanostro', '--header', 'X-DN-Signature: 00', ...toEdge()]);
    expect(forged).toMatchObject({ status: 1, stdout: expect.stringContaining('401') });
  });

  it('sends as many as it is told, and counts the answers', async () => {
    const { status, stdout } = await send(['datanostro', '--count', '20', '--json', ...toEdge()]);
    const report = JSON.parse(stdout) as { deliveryIds: string[] };
    expect({ status, report }).toMatchObject({
      status: 0,
      report: {
        ok: true,
        sent: 20,
        answers: [{ status: 204, outcome: 'accepted', count: 20 }],
      },
    });
    expect(new Set(report.deliveryIds).size).toBe(20);
    const text = await send(['crm', '--count', '3', '--rate', '500/s', ...toEdge()]);
    expect(text).toMatchObject({ status: 0, stdout: '3 × 204 No Content (accepted)\n' });
  });

  it('prints a refusal, and exits with 1', async () => {
    const forged = await send(['datanostro', '--secret', 'FORGED', ...toEdge()], {
      env: { FORGED: 'not the secret' },
    });
    expect(forged).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^401 Unauthorized\n{/),
    });

    const malformed = await send(['datanostro', '-', ...toEdge()], { input: 'no JSON' });
    expect(malformed).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^400 Bad Request\n/),
    });
  });

  describe('the key of a path', () => {
    const key = 'k3y of the /path+&<x>';
    const env = { CRM_KEY: key };
    const encoded = encodeURIComponent(key);

    async function sendTo(listener: RequestListener): Promise<Ran> {
      const server = createServer(listener);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const ran = await sendInProcess(['crm', '--to', `http://127.0.0.1:${port}`], env);
      server.closeAllConnections();
      server.close();
      return ran;
    }

    function expectNoKey({ stdout, stderr }: Ran): void {
      for (const form of [key, encoded, encoded.toLowerCase(), 'k3y of', 'k3y%20of']) {
        expect(stdout + stderr).not.toContain(form);
      }
    }

    it('is not printed if the answer quotes it', async () => {
      const ran = await sendTo((request, response) => {
        const path = request.url ?? '';
        response.setHeader('tributary-outcome', path);
        response.statusCode = 404;
        const page = `Cannot POST ${path} or ${decodeURIComponent(path)} or ${path.toLowerCase()}`;
        const html = decodeURIComponent(path).replace('&', '&amp;').replace('<', '&lt;');
        response.end(`${page} or ${html.replace('>', '&gt;')} ${JSON.stringify(path)}\u001b[2J`);
      });
      expect(ran).toMatchObject({
        status: 1,
        stdout: expect.stringContaining('Cannot POST /crm/'),
      });
      expect(ran.stdout).toContain('[redacted]');
      expect(ran.stdout).not.toContain('\u001b');
      expectNoKey(ran);
    });

    it('is not printed for a redirect', async () => {
      const ran = await sendTo(({ url = '' }, response) => {
        response.writeHead(307, { location: `https://elsewhere.example${url}` });
        response.end(`<a href="https://elsewhere.example${url}">Moved</a>`);
      });
      expect(ran).toMatchObject({ status: 1, stdout: expect.stringContaining('307') });
      expectNoKey(ran);
    });

    it('is not printed if the answer breaks off or never comes', async () => {
      const broken = await sendTo((_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('so far');
        setTimeout(() => response.destroy(), 20);
      });
      expect(broken).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('does not answer'),
      });
      const cut = await sendTo((request) => request.socket.destroy());
      expect(cut).toMatchObject({ status: 1, stderr: expect.stringContaining('does not answer') });
      for (const ran of [broken, cut]) {
        expectNoKey(ran);
        expect(ran.stderr).not.toMatch(/^\s+at /m);
      }
    });

    it.each([
      ['http://127.0.0.1:1'],
      ['http://127.0.0.1:99999'],
      ['https://user:word@127.0.0.1:1'],
      ['http://user@127.0.0.1:1'],
      ['http://127.0.0.1:1/?key=word'],
      ['http://127.0.0.1:1/#word'],
      ['http://127.0.0.1:1?'],
      ['ftp://127.0.0.1'],
      ['http://no such host'],
      ['http://[::1'],
    ])('is not printed if nothing can answer at %s', async (to) => {
      const ran = await sendInProcess(['crm', '--to', to], env);
      expect(ran).toMatchObject({ status: expect.toSatisfy((status) => status > 0), stdout: '' });
      expectNoKey(ran);
      expect(ran.stderr).not.toContain('word');
      expect(ran.stderr).not.toMatch(/^\s+at /m);
    });
  });

  it.each([
    [2, ['nowhere'], 'there is: datanostro, absmartly, crm'],
    [1, ['datanostro'], 'npm start'],
    [2, ['datanostro', '--to', 'localhost:8787'], '--to takes the URL of an edge'],
    [1, ['datanostro', '--to', 'http://127.0.0.1:1', '--secret', 'NONE'], 'NONE is neither in'],
    [2, ['datanostro', '/no/file', '--to', 'http://127.0.0.1:1'], "/no/file can't be read"],
    [1, ['datanostro', '--to', 'http://127.0.0.1:1'], 'http://127.0.0.1:1 does not answer'],
    [2, ['datanostro', '--event', 'no', '--to', 'http://127.0.0.1:1'], 'there are: purchase'],
    [2, ['datanostro', '--set', 'x', '--to', 'http://127.0.0.1:1'], 'delivery.set'],
    [2, ['datanostro', '--header', 'x', '--to', 'http://127.0.0.1:1'], 'delivery.header'],
    [
      2,
      ['datanostro', '-', '--event', 'purchase', '--to', 'http://127.0.0.1:1'],
      '--event chooses',
    ],
    [2, ['datanostro', '--count', '0'], 'whole number from 1'],
    [2, ['datanostro', '--rate', '0/s'], 'a rate is'],
  ])('%i: %j is refused, and the message says why', async (code, args, problem) => {
    const { status, stdout, stderr } = await sendInProcess(args);
    expect({ status, stdout }).toEqual({ status: code, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
