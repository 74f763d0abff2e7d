import { Command } from 'commander';
import { misreadSecrets } from '../shared/config/secrets.ts';
import { loadRelay } from '../subscriber/service/load-relay.ts';
import { readSecrets } from './find/secrets.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('check tributary.config.ts; wrangler runs this before it bundles the Worker')
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    )
    .action(check);
}

async function check(options: { secrets: string }): Promise<void> {
  // It throws if the config has problems.
  const { streams } = await loadRelay();
  const names = [...streams.keys()];
  const count = `${names.length} ${names.length === 1 ? 'stream' : 'streams'}`;
  console.log(`tributary.config.ts: ${count} (${names.join(', ')})`);
  // The exit code stays 0: a deployment has its own secrets, and those of this machine must not stop it.
  const secrets = readSecrets(options.secrets);
  for (const stream of streams.values()) {
    for (const problem of await misreadSecrets(stream, (name) => secrets[name])) {
      console.error(problem);
    }
  }
}
