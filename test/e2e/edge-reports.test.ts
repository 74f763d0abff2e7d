import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorkerd } from '../../bench/edge/workerd.ts';
import { bundle } from '../../local/edge.ts';
import { type EdgeReport, edgeReportStream } from '../../shared/report/edge-report.ts';
import { type PubsubStandIn, startPubsubStandIn } from '../beds/pubsub-stand-in.ts';
import type { Try } from '../beds/pubsub-stand-in-script.ts';
import { temporaryDirectory } from '../beds/temporary-files.ts';

// In workerd as it runs in production, which is killed: what an isolate that ends takes with it.

const root = fileURLToPath(new URL('../../', import.meta.url));
const key = 'key-of-the-tests';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const account = JSON.stringify({
  client_email: 'relay@test-project.iam.gserviceaccount.com',
  private_key_id: 'key-1',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
});
let pubsub: PubsubStandIn;
let source: string;

beforeAll(async () => {
  pubsub = await startPubsubStandIn();
  const folder = await temporaryDirectory(afterAll);
  const from = (path: string) => JSON.stringify(join(root, path));
  await writeFile(
    join(folder, 'main.ts'),
    `import { defineRelay } from ${from('shared/config/define-relay.ts')};
import { segmentstream } from ${from('shared/sources/segmentstream.ts')};
import { createEdge } from ${from('worker/relay.ts')};

const streams = { crm: segmentstream({ table: 'd.crm' }) };
const relay = defineRelay({ project: 'test-project', topic: 'edge', streams });
const edge = createEdge(relay, { reportEveryMs: 200 });
export default { fetch: edge.fetch };
`,
  );
  source = await bundle(join(folder, 'main.ts'));
});

afterAll(() => pubsub.close());

async function messages() {
  const tries = (await (await fetch(`${pubsub.url}/tries/edge`)).json()) as Try[];
  const stored = tries.filter((made) => made.stored).flatMap(({ request }) => request.messages);
  const isReport = ({ attributes }: (typeof stored)[number]) =>
    attributes['stream'] === edgeReportStream;
  const reports = stored.filter(isReport).map(({ attributes, data }) => {
    const report = JSON.parse(Buffer.from(data, 'base64').toString()) as EdgeReport;
    return { id: attributes['delivery_id'], ...report };
  });
  return { deliveries: stored.filter((one) => !isReport(one)).length, reports };
}

/** By isolate: how many deliveries it reported as accepted. */
function acceptedOf(reports: readonly EdgeReport[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { isolate, ledger } of reports) {
    for (const { outcome, deliveries } of ledger) {
      if (outcome === 'accepted') counts.set(isolate, (counts.get(isolate) ?? 0) + deliveries);
    }
  }
  return counts;
}

it('an isolate that is killed takes with it only what it has counted since its last report', async () => {
  const lives = 4;
  const [reported, late] = [20, 15];
  for (let life = 0; life < lives; life++) {
    const bindings = { PUBSUB_ENDPOINT: pubsub.url, GOOGLE_SERVICE_ACCOUNT: account, CRM_KEY: key };
    const edge = await startWorkerd({ source, compatibilityDate: '2026-11-01', bindings });
    const send = (count: number) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const response = await fetch(`http://127.0.0.1:${edge.port}/crm/${key}`, {
            method: 'POST',
            body: 'a=1',
          });
          await response.arrayBuffer();
          return response.status;
        }),
      );
    expect(new Set(await send(reported))).toEqual(new Set([204]));
    await expect
      .poll(async () => [...acceptedOf((await messages()).reports).values()][life])
      .toBe(reported);
    expect(new Set(await send(late))).toEqual(new Set([204]));
    // SIGKILL.
    await edge.stop();
  }
  const { deliveries, reports } = await messages();
  expect(deliveries).toBe(lives * (reported + late));
  const counts = [...acceptedOf(reports).values()];
  expect(counts).toHaveLength(lives);
  for (const count of counts) {
    expect(count).toBeGreaterThanOrEqual(reported);
    expect(count).toBeLessThanOrEqual(reported + late);
  }
  expect(new Set(reports.map(({ id }) => id)).size).toBe(reports.length);
});
