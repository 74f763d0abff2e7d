#!/usr/bin/env node
// The command line, for a Node that runs TypeScript: tributary.js starts it. It can also be run by itself, because
// npx remembers that it was the command in older versions of a clone.
import { enableCompileCache } from 'node:module';
import { Command } from 'commander';
import { compileCache } from '../local/parts/compile-cache.ts';
import { type HeapSize, keepHeapSmall, subscriberHeap } from '../subscriber/service/small-heap.ts';
import { version } from '../subscriber/service/version.ts';
import { addConfigOption } from './find/project.ts';
import { describeError } from './terminal/error-text.ts';

enableCompileCache(compileCache);

/** A command is loaded only when it is asked for, because Google's clients take long to load. */
const commands = new Map<string, () => Promise<Command>>([
  ['check', async () => (await import('./check.ts')).checkCommand()],
  ['start', async () => (await import('./start.ts')).startCommand()],
  ['demo', async () => (await import('./demo.ts')).demoCommand()],
  ['send', async () => (await import('./send.ts')).sendCommand()],
  ['query', async () => (await import('./query.ts')).queryCommand()],
  ['import', async () => (await import('./import.ts')).importCommand()],
  ['backfill', async () => (await import('./backfill.ts')).backfillCommand()],
  ['doctor', async () => (await import('./production/doctor.ts')).doctorCommand()],
  ['dead-letters', async () => (await import('./operate/dead-letters.ts')).deadLettersCommand()],
  ['serve', async () => (await import('./production/serve.ts')).serveCommand()],
  ['drain', async () => (await import('./production/serve.ts')).drainCommand()],
  ['reconcile', async () => (await import('./reconcile.ts')).reconcileCommand()],
  ['deploy', async () => (await import('./production/deploy.ts')).deployCommand()],
  ['provision', async () => (await import('./production/provision.ts')).provisionCommand()],
]);
/** These read input of any size. */
const streaming = new Set(['import', 'backfill', 'reconcile']);
/** Enough for lines of 8 MB. */
const streamingHeap: HeapSize = { oldSpaceMb: 128, semiSpaceMb: 4 };

const name = process.argv[2] ?? '';
if (streaming.has(name)) keepHeapSmall(streamingHeap);
if (name === 'serve' || name === 'drain') keepHeapSmall(subscriberHeap);
const named = commands.get(name);
const loaders = named ? [named] : [...commands.values()];

const program = new Command('tributary')
  .description('A webhook relay: verified at the edge, through Pub/Sub, into BigQuery.')
  .version(version)
  .showHelpAfterError();

try {
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    program.addCommand(addConfigOption(command));
  }
  await program.parseAsync();
} catch (error) {
  process.stderr.write(describeError(error));
  process.exitCode = 1;
}
