import { Command } from 'commander';
import { misreadSecrets } from '../shared/config/secrets.ts';
import { relay } from '../tributary.config.ts';
import { readSecretsOver } from './secrets-file.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('check tributary.config.ts; wrangler does before it bundles')
    .option('--secrets <file>', 'where secrets are, if not in the environment', '.dev.vars')
    .action(async ({ secrets }: { secrets: string }) => {
      // Whatever is wrong with it was told when it was read.
      const names = [...relay.streams.keys()];
      console.log(`tributary.config.ts: ${names.length} streams (${names.join(', ')})`);
      // No failure: what is deployed has secrets of its own, and this machine's must not hinder it.
      const values = readSecretsOver(secrets);
      for (const stream of relay.streams.values()) {
        for (const problem of await misreadSecrets(stream, (name) => values[name])) {
          console.error(problem);
        }
      }
    });
}
