import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDatanostro } from '../local/datanostro/main.ts';
import { connectBigQuery } from '../local/google-clients.ts';
import { PartProcess } from '../local/parts/part-process.ts';
import { relay } from '../tributary.config.ts';
import { type Figure, toFigure } from './figure.ts';

const lineCount = 1_000_000;
const apiKey = 'bench-key';
const dayMs = 86_400_000;
const begin = Math.floor(Date.now() / dayMs) * dayMs - 2 * dayMs;

/**
 * Runs `tributary backfill` for a day with a million events, into an empty table and then again into the full
 * one. local/bigquery runs in its own process.
 */
export async function benchBackfill(say: (what: string) => void): Promise<Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const server = new PartProcess(
    'bigquery',
    { restPort: 0, grpcPort: 0, directory: join(directory, 'bigquery') },
    {},
    { onLine: () => {}, onExit: () => {} },
  );
  const { bigquery = 0, bigqueryGrpc = 0 } = await server.ready;
  const sender = await startDatanostro({ port: 0, apiKeys: [apiKey], history: manyEvents });
  const running = { pid: process.pid, ports: { bigquery, bigqueryGrpc } };
  await writeFile(join(directory, 'stack.json'), JSON.stringify(running));
  try {
    const place = { directory, url: `http://127.0.0.1:${sender.port}` };
    say(`backfill: ${lineCount} lines into an empty table`);
    const first = await runBackfill(place);
    await requireRows(bigquery);
    say(`backfill: ${lineCount} lines that are there already`);
    const second = await runBackfill(place);
    await requireRows(bigquery);
    return [
      toFigure('backfill: 1 M lines, none there', 'rows/s', [lineCount / first.seconds], {
        atLeast: 20_000,
      }),
      toFigure('backfill: lines for each second of CPU', 'lines/s', [lineCount / first.cpuSeconds]),
      toFigure('backfill: peak RSS', 'MiB', [first.rssMiB], { atMost: 256 }),
      toFigure('backfill: 1 M lines, all there', 'lines/s', [lineCount / second.seconds]),
      toFigure('backfill again: peak RSS', 'MiB', [second.rssMiB], { atMost: 256 }),
    ];
  } finally {
    await Promise.all([sender.stop(), server.stop(5000)]);
    await rm(directory, { recursive: true, force: true });
  }
}

interface Place {
  directory: string;
  url: string;
}

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

/** Runs the whole command, with its start. */
async function runBackfill({ directory, url }: Place) {
  const report = join(directory, 'usage');
  const range = ['--from', isoOf(begin), '--to', isoOf(begin + dayMs)];
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--import',
      usageReporter(report),
      main,
      'backfill',
      'datanostro',
      ...range,
      '--state',
      directory,
    ],
    {
      env: { ...process.env, DATANOSTRO_API_URL: url, DATANOSTRO_API_KEY: apiKey },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  await success(child);
  const seconds = (performance.now() - begun) / 1000;
  const usage = JSON.parse(await readFile(report, 'utf8')) as NodeJS.ResourceUsage;
  const cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1_000_000;
  return { seconds, cpuSeconds, rssMiB: usage.maxRSS / 1024 };
}

/** A module that writes the process's resource usage to the path at exit. */
function usageReporter(path: string): string {
  const code = `import { writeFileSync } from 'node:fs';
    process.on('exit', () => writeFileSync(${JSON.stringify(path)}, JSON.stringify(process.resourceUsage())));`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

async function success(child: ChildProcess): Promise<void> {
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`backfill ended with ${status}`);
}

async function requireRows(port: number): Promise<void> {
  const table = relay.streams.get('datanostro')?.table;
  const query = `SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids FROM ${table}`;
  const [[counts]] = await connectBigQuery(relay.project, port).query(query);
  if (counts.n !== lineCount || counts.ids !== lineCount) {
    throw new Error(`${counts.n} rows with ${counts.ids} ids`);
  }
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}

const payload = JSON.stringify({
  items: Array.from({ length: 8 }, (_, n) => ({ sku: `SKU-${n}`, price: 19.9 + n })),
});

/** Events of about 600 bytes. */
function* manyEvents(from: number, to: number): Generator<string> {
  const step = dayMs / lineCount;
  for (let n = Math.ceil((from - begin) / step); begin + n * step < to; n++) {
    const time = isoOf(Math.floor(begin + n * step));
    yield `{"id":"evt_${n.toString(16).padStart(24, '0')}","event_name":"purchase","created_at":"${time}","tenant_id":"tenant_${n % 4}","request_body":${payload},"source_ip_masked":"203.0.113.0","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","request_source":"web"}`;
  }
}
