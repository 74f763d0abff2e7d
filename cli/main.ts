#!/usr/bin/env node
import { Command } from 'commander';
import { RelayError } from '../shared/error.ts';
import { backfillCommand } from './backfill.ts';
import { demoCommand } from './demo.ts';
import { importCommand } from './import.ts';
import { queryCommand } from './query.ts';
import { reconcileCommand } from './reconcile.ts';
import { startCommand } from './start.ts';

const program = new Command('tributary')
  .description('A webhook relay: verified at the edge, through Pub/Sub, into BigQuery.')
  .addCommand(startCommand())
  .addCommand(demoCommand())
  .addCommand(queryCommand())
  .addCommand(importCommand())
  .addCommand(backfillCommand())
  .addCommand(reconcileCommand())
  .showHelpAfterError();

try {
  await program.parseAsync();
} catch (error) {
  // What a person can mend is said in a sentence; only the unexpected deserves a stack.
  if (error instanceof RelayError) process.stderr.write(`${error.message}\n`);
  else console.error(error);
  process.exitCode = 1;
}
