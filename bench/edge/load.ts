import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { isInstalled } from './cpu.ts';
import type { Delivery } from './deliveries.ts';

export interface Load {
  port: number;
  delivery: Delivery;
  connections: number;
  seconds: number;
}

const hasWrk = isInstalled('wrk');

export const loadedBy = hasWrk ? 'wrk' : 'autocannon';

/** Sends a delivery as fast as it is answered, and returns the count. Throws if an answer is not a 2xx. */
export async function sendLoad(load: Load): Promise<number> {
  return hasWrk ? await sendByWrk(load) : await sendByAutocannon(load);
}

async function sendByAutocannon({ port, delivery, connections, seconds }: Load): Promise<number> {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${delivery.path}`,
    method: 'POST',
    headers: delivery.headers,
    body: delivery.body,
    connections,
    duration: seconds,
  });
  const failures = result.non2xx + result.errors;
  if (failures > 0) throw new Error(`${failures} deliveries failed`);
  return result['2xx'];
}

async function sendByWrk({ port, delivery, connections, seconds }: Load): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const [script, body] = [join(directory, 'load.lua'), join(directory, 'body')];
  try {
    await writeFile(body, delivery.body);
    await writeFile(script, toLua(delivery, body));
    const url = `http://127.0.0.1:${port}${delivery.path}`;
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
    const { stdout } = await promisify(execFile)('wrk', args);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`deliveries failed: ${stdout}`);
    return Number(/(\d+) requests in/.exec(stdout)?.[1]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function toLua({ headers }: Delivery, body: string): string {
  // A JSON string is a valid Lua string, because the headers are printable ASCII.
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  return `wrk.method = "POST"
${lines.join('\n')}
wrk.body = assert(io.open(${JSON.stringify(body)}, "rb")):read("*a")
`;
}
