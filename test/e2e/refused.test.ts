import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Home, RelayProcess } from '../beds/relay-process.ts';
import { runCommand } from '../beds/run-command.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const home = new Home();
let relay: RelayProcess;

beforeAll(async () => {
  relay = await RelayProcess.start(home);
}, 120_000);

afterAll(async () => {
  await relay?.interrupt();
  home.remove();
});

async function tributary(...args: string[]) {
  return await runCommand([...args, '--state', home.state]);
}

const send = (...args: string[]) => tributary('send', ...args, '--secrets', home.secretsFile);

interface Refused {
  groups: { stream: string; outcome: string; cause?: string; count: number; hint?: string }[];
  deliveries: { stream: string; deliveryId?: string; path: string; headers: object }[];
}

/** The edge reports every ten seconds. */
async function refused(isEnough: (found: Refused) => boolean): Promise<Refused> {
  let found: Refused = { groups: [], deliveries: [] };
  await expect
    .poll(
      async () => {
        found = JSON.parse((await tributary('refused', '--json')).out);
        return isEnough(found);
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(true);
  return found;
}

describe('a delivery that the edge refuses', { timeout: 120_000 }, () => {
  it('is shown by refused, tail and trace, with its cause and the likely mistake', async () => {
    const tail = spawn(process.execPath, [main, 'tail', '--json', '--state', home.state]);
    onTestFinished(() => void tail.kill('SIGKILL'));
    let followed = '';
    tail.stdout.setEncoding('utf8').on('data', (text: string) => {
      followed += text;
    });
    await expect.poll(() => followed, { timeout: 30_000 }).toContain('"opened"');

    const forged = await send('datanostro', '--header', 'X-DN-Signature: 00aabb');
    expect(forged).toMatchObject({ status: 1, out: expect.stringContaining('401') });
    const key = 'a-key-that-nobody-may-see';
    await fetch(`${relay.edge}/no-such-stream/${key}`, { method: 'POST', body: key });
    await send('datanostro', '--event', 'page_view');
    await send('datanostro');

    const found = await refused(({ deliveries }) => deliveries.length >= 2);
    expect(found.groups).toContainEqual(
      expect.objectContaining({
        ...{ stream: 'datanostro', outcome: 'unauthorized', cause: expect.any(String) },
        hint: expect.stringMatching(/signature/),
      }),
    );
    expect(found.groups).toContainEqual(
      expect.objectContaining({ stream: '', outcome: 'unknown-stream', count: 1 }),
    );
    const delivery = found.deliveries.find(({ stream }) => stream === 'datanostro');
    expect(JSON.stringify(found)).not.toContain(key);
    expect(JSON.stringify(delivery?.headers)).not.toContain('00aabb');

    const traced = await tributary('trace', delivery?.deliveryId ?? '', '--json');
    expect(traced.status).toBe(1);
    expect(JSON.parse(traced.out)).toMatchObject({ state: 'refused', stream: 'datanostro' });
    const shown = await tributary('refused', delivery?.deliveryId ?? '');
    expect(shown.out).toMatch(/likely +the signature/);

    await expect.poll(() => followed, { timeout: 30_000 }).toContain('"refused"');
    const lines = followed
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'refused', deliveryId: delivery?.deliveryId }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'filtered', event: 'page_view', dropped: 1 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'delivery', stream: 'datanostro', event: 'purchase' }),
    );
    expect(followed).not.toContain(key);
  });
});
