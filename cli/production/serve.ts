import { Command } from 'commander';

/** `tributary serve`: the subscriber, until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run the subscriber until it is stopped: Pub/Sub into BigQuery')
    .action(() => run(['serve']));
}

/** `tributary drain`: the subscriber, until the subscription is empty. */
export function drainCommand(): Command {
  return new Command('drain')
    .description('run the subscriber until the subscription is empty; for a scheduled job')
    .option('--quiet-seconds <n>', 'how long nothing must arrive before it ends', '10')
    .action(({ quietSeconds }: { quietSeconds: string }) =>
      run(['drain', '--quiet-seconds', quietSeconds]),
    );
}

async function run(mode: string[]): Promise<void> {
  const [{ runMode }, { startSubscriber }] = await Promise.all([
    import('../../subscriber/service/modes.ts'),
    import('../../subscriber/main.ts'),
  ]);
  const { env } = process;
  // Exits, because a client of Google's may keep the process alive.
  process.exit(await runMode(mode, env, (onFailure) => startSubscriber(env, onFailure)));
}
