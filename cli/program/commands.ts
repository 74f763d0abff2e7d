import { Command } from 'commander';
import { version } from '../../subscriber/service/version.ts';
import { addConfigOption } from '../find/project.ts';

/** A command is loaded only when it is asked for, because Google's clients take long to load. */
const commands = new Map<string, () => Promise<Command>>([
  ['check', async () => (await import('../check.ts')).checkCommand()],
  ['start', async () => (await import('../start.ts')).startCommand()],
  ['demo', async () => (await import('../demo.ts')).demoCommand()],
  ['send', async () => (await import('../send.ts')).sendCommand()],
  ['try', async () => (await import('../deliveries/try.ts')).tryCommand()],
  ['filter-test', async () => (await import('../deliveries/filter-test.ts')).filterTestCommand()],
  ['query', async () => (await import('../query.ts')).queryCommand()],
  ['import', async () => (await import('../import.ts')).importCommand()],
  ['backfill', async () => (await import('../backfill.ts')).backfillCommand()],
  ['doctor', async () => (await import('../production/doctor.ts')).doctorCommand()],
  ['dead-letters', async () => (await import('../operate/dead-letters.ts')).deadLettersCommand()],
  ['serve', async () => (await import('../production/serve.ts')).serveCommand()],
  ['cost', async () => (await import('../production/cost.ts')).costCommand()],
  ['drain', async () => (await import('../production/serve.ts')).drainCommand()],
  ['reconcile', async () => (await import('../reconcile.ts')).reconcileCommand()],
  ['deploy', async () => (await import('../production/deploy.ts')).deployCommand()],
  ['provision', async () => (await import('../production/provision.ts')).provisionCommand()],
]);

/** The program with the command of this name alone; with all commands if there is none of this name. */
export async function loadProgram(name = ''): Promise<Command> {
  const named = commands.get(name);
  const loaders = named ? [named] : [...commands.values()];
  const program = new Command('tributary')
    .description('A webhook relay: verified at the edge, through Pub/Sub, into BigQuery.')
    .version(version)
    .showHelpAfterError()
    .exitOverride();
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    program.addCommand(addConfigOption(command).exitOverride());
  }
  return program;
}
