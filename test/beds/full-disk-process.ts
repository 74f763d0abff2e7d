// Fills a small disk: full-disk-process.ts pubsub|bigquery <folder>. Writes until a few writes are refused, makes room,
// starts the server anew, and prints how many were answered and refused, and how many are found.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { startPubsub } from '../../local/pubsub/main.ts';
import { Connection, openWriteClient, texts } from './append-client.ts';
import { Clients } from './pubsub-clients.ts';

const [name = '', folder = ''] = process.argv.slice(2);
const ballast = join(folder, 'ballast');
const enough = 5;
let [answered, refused] = [0, 0];

async function fill(write: () => Promise<boolean>): Promise<void> {
  while (refused < enough) {
    const done = await write().catch(() => false);
    if (done) answered++;
    else refused++;
  }
}

async function pubsub(): Promise<number> {
  const directory = join(folder, 'pubsub');
  const first = await startPubsub({ port: 0, directory });
  const clients = new Clients(first.port);
  const { topic, subscription } = await clients.queue();
  const path = `/topics/${topic.name.split('/').at(-1)}:publish`;
  const messages = [{ data: Buffer.alloc(100_000, 'x').toString('base64') }];
  await fill(async () => (await clients.rest('POST', path, { messages })).status === 200);
  await clients.close();
  await first.stop().catch(() => {});
  rmSync(ballast);
  const second = await startPubsub({ port: 0, directory });
  const later = new Clients(second.port);
  const found = (await later.pull(subscription.name, answered)).length;
  await later.close();
  await second.stop();
  return found;
}

async function bigquery(): Promise<number> {
  const directory = join(folder, 'bigquery');
  const start = () => startBigQuery({ restPort: 0, grpcPort: 0, directory });
  const first = await start();
  const google = connectBigQuery('demo', first.restPort);
  await google.createDataset('d');
  await google.dataset('d').createTable('t', { schema: [{ name: 's', type: 'STRING' }] });
  const client = openWriteClient(first.grpcPort);
  const stream = 'projects/demo/datasets/d/tables/t/streams/_default';
  let n = 0;
  await fill(async () => {
    const connection = new Connection(client);
    // Other text each time: what repeats is compressed.
    const text = Array.from({ length: 4000 }, () => Math.random().toString(36)).join('');
    const answer = await Promise.race([
      connection.answer(texts(stream, [`${n++} ${text}`])),
      connection.ended().then(() => undefined),
    ]);
    connection.cancel();
    return answer !== undefined && !answer.error;
  });
  await client.close();
  await first.stop().catch(() => {});
  rmSync(ballast);
  const second = await start();
  const [rows] = await connectBigQuery('demo', second.restPort).query('SELECT s FROM d.t');
  await second.stop();
  return rows.length;
}

writeFileSync(ballast, Buffer.alloc(4_000_000));
const found = name === 'pubsub' ? await pubsub() : await bigquery();
console.log(JSON.stringify({ answered, refused, found }));
process.exit();
