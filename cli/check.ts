import { Command } from 'commander';
import { relay } from '../tributary.config.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('check tributary.config.ts; wrangler does before it bundles')
    .action(() => {
      // Whatever is wrong with it was told when it was read.
      const names = [...relay.streams.keys()];
      console.log(`tributary.config.ts: ${names.length} streams (${names.join(', ')})`);
    });
}
