#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command } from 'commander';
import { compileCache } from '../local/parts/compile-cache.ts';
import { type HeapSize, keepHeapSmall } from '../subscriber/service/small-heap.ts';
import { describeError } from './terminal/error-text.ts';

enableCompileCache(compileCache);

/** Only what is asked for is loaded: Google's clients take a while. */
const commands = new Map<string, () => Promise<Command>>([
  ['check', async () => (await import('./check.ts')).checkCommand()],
  ['start', async () => (await import('./start.ts')).startCommand()],
  ['demo', async () => (await import('./demo.ts')).demoCommand()],
  ['send', async () => (await import('./send.ts')).sendCommand()],
  ['query', async () => (await import('./query.ts')).queryCommand()],
  ['import', async () => (await import('./history/import.ts')).importCommand()],
  ['backfill', async () => (await import('./history/backfill.ts')).backfillCommand()],
  ['reconcile', async () => (await import('./history/reconcile.ts')).reconcileCommand()],
  ['deploy', async () => (await import('./production/deploy.ts')).deployCommand()],
  ['provision', async () => (await import('./production/provision.ts')).provisionCommand()],
]);
/** They read as much as there is. */
const streaming = new Set(['import', 'backfill', 'reconcile']);
/** Room for lines of 8 MB. */
const heapOfStreaming: HeapSize = { oldSpaceMb: 128, semiSpaceMb: 4 };

const name = process.argv[2] ?? '';
if (streaming.has(name)) keepHeapSmall(heapOfStreaming);
const named = commands.get(name);
const wanted = named ? [named] : [...commands.values()];

const program = new Command('tributary')
  .description('A webhook relay: verified at the edge, through Pub/Sub, into BigQuery.')
  .showHelpAfterError();

try {
  for (const command of await Promise.all(wanted.map((load) => load())))
    program.addCommand(command);
  await program.parseAsync();
} catch (error) {
  process.stderr.write(describeError(error));
  process.exitCode = 1;
}
