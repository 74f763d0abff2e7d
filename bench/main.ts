// `npm run bench -- <name>`: runs one bench and prints its figures as a table or JSON. Each bench is a file
// here with a folder for its parts; figure.ts turns rounds into a median, a spread and a verdict. Timings are
// measured here only; no test asserts a time.

import { Command } from 'commander';
import { benchBackfill } from './backfill.ts';
import { type Bench, benchCommand } from './bench-command.ts';
import { benchEdge } from './edge.ts';
import { benchExports } from './exports.ts';
import { benchLocal } from './local.ts';
import { recoveryCommand } from './recovery.ts';
import { relayCommand } from './relay.ts';
import { simulateCommand } from './simulate.ts';
import { benchSubscriber } from './subscriber.ts';

/** Those without options of their own. */
const benches: Record<string, [description: string, bench: Bench]> = {
  backfill: ['a backfill of 10 million rows', benchBackfill],
  edge: ['what the edge costs a delivery', benchEdge],
  exports: ['the load of a large export', benchExports],
  local: ['the local servers, and the commands that use them', benchLocal],
  subscriber: ['what the subscriber costs an event', benchSubscriber],
};

const program = new Command('bench').description('measure a part of the relay on this machine');
for (const [name, [description, bench]] of Object.entries(benches)) {
  program.addCommand(benchCommand(name, description, () => bench));
}
program.addCommand(recoveryCommand());
program.addCommand(relayCommand());
program.addCommand(simulateCommand());
await program.parseAsync();
