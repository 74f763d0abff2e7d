// `npm run bench -- <name>`: runs one bench and prints its figures as a table or JSON. Each bench is a file
// here with a folder for its parts; figure.ts turns rounds into a median, a spread and a verdict. Timings are
// measured here only; no test asserts a time.

import { Command } from 'commander';
import { type Bench, benchCommand } from './bench-command.ts';
import { recoveryCommand } from './recovery.ts';
import { relayCommand } from './relay.ts';
import { simulateCommand } from './simulate.ts';

/** Those without options of their own. Each is loaded when it runs: what they start takes seconds to load. */
const benches: Record<string, [description: string, load: () => Promise<Bench>]> = {
  backfill: [
    'a backfill of 10 million rows',
    async () => (await import('./backfill.ts')).benchBackfill,
  ],
  edge: ['what the edge costs a delivery', async () => (await import('./edge.ts')).benchEdge],
  exports: ['the load of a large export', async () => (await import('./exports.ts')).benchExports],
  local: [
    'the local servers, and the commands that use them',
    async () => (await import('./local.ts')).benchLocal,
  ],
  subscriber: [
    'what the subscriber costs an event',
    async () => (await import('./subscriber.ts')).benchSubscriber,
  ],
};

const program = new Command('bench').description('measure a part of the relay on this machine');
for (const [name, [description, load]] of Object.entries(benches)) {
  program.addCommand(benchCommand(name, description, load));
}
program.addCommand(recoveryCommand());
program.addCommand(relayCommand());
program.addCommand(simulateCommand());
await program.parseAsync();
