import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datanostro, defineRelay } from 'tributary-relay';
import { connectBigQuery } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { sources } from '../../shared/sources/registry.ts';
import { TableWriter } from '../../subscriber/bigquery/append/writer.ts';
import { openWriteClient } from '../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { ensureTable } from '../../subscriber/bigquery/tables/ensure-table.ts';
import { type Figure, toFigure } from '../figure.ts';

const rounds = 5;
const rowsPerRound = 100_000;
const rowsPerAppend = 1000;

const project = 'bench-project';
const table = 'bench.events';

/** The rows per second that local/bigquery stores from the relay's own writer, with fsync. */
export async function measureBigQuery(say: (what: string) => void): Promise<Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const server = new PartProcess(
    'bigquery',
    { restPort: 0, grpcPort: 0, directory },
    {},
    { onLine: () => {}, onExit: () => {} },
  );
  const ports = await server.ready;
  const writer = await openWriter(ports['bigquery'] ?? 0, ports['bigqueryGrpc'] ?? 0);
  const rows = encodeRows();
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    say(`local/bigquery: ${rowsPerRound} rows, round ${round} of ${rounds}`);
    const begun = performance.now();
    await appendAll(writer, rows);
    // The first round warms up both sides.
    if (round > 0) rates.push(rowsPerRound / ((performance.now() - begun) / 1000));
  }
  await writer.close();
  await server.stop(5000);
  await rm(directory, { recursive: true, force: true });
  return [toFigure('local/bigquery: Storage Write', 'rows/s', rates, { atLeast: 50_000 })];
}

const stream = defineRelay({ project, streams: { bench: datanostro({ table }) } }).streams.get(
  'bench',
);

function layout() {
  if (!stream) throw new Error('no stream');
  return sources.datanostro.layout(stream);
}

async function openWriter(restPort: number, grpcPort: number): Promise<TableWriter> {
  const bigquery = connectBigQuery(project, restPort);
  await ensureTable(bigquery, { dataset: 'bench', table: 'events' }, layout(), 'EU');
  const client = await openWriteClient({ projectId: project, endpoint: `127.0.0.1:${grpcPort}` });
  const [dataset, name] = table.split('.');
  return new TableWriter(client, {
    table: `projects/${project}/datasets/${dataset}/tables/${name}`,
    descriptor: createEncoder(layout(), Date.now).descriptor,
  });
}

/** 1,000 encoded events of about 800 bytes. They are encoded before the measurement. */
function encodeRows(): Uint8Array[] {
  const encoder = createEncoder(layout(), Date.now);
  const payload = JSON.stringify({
    items: Array.from({ length: 12 }, (_, n) => ({ sku: `SKU-${n}`, price: 19.9 + n })),
  });
  return Array.from({ length: rowsPerAppend }, (_, n) => {
    const encoded = encoder.encode({
      event_id: `evt_${n}`,
      event_name: 'purchase',
      event_time: new Date().toISOString(),
      tenant_id: `tenant_${n % 4}`,
      payload,
      user_ip_masked: '203.0.113.0',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
      request_source: 'web',
      delivery_id: '0193a5c7-0000-7000-8000-000000000000',
      received_at: new Date().toISOString(),
    });
    if (!encoded.ok) throw new Error(`${encoded.column}: ${encoded.reason}`);
    return encoded.row;
  });
}

async function appendAll(writer: TableWriter, rows: Uint8Array[]): Promise<void> {
  const appends = Array.from({ length: rowsPerRound / rows.length }, () => writer.append(rows));
  for (const outcome of await Promise.all(appends)) {
    if (outcome.written.length !== rows.length) throw new Error('not every row was written');
  }
}
