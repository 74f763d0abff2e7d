import { Command } from 'commander';
import { version } from '../../subscriber/service/version.ts';
import { addConfigOption } from '../find/project.ts';
import { addQuietOption } from '../terminal/manners.ts';
import { styled } from '../terminal/style.ts';

/** A command is loaded only when it is asked for, because Google's clients take long to load. */
const commands = new Map<string, () => Promise<Command>>([
  ['check', async () => (await import('../check.ts')).checkCommand()],
  ['start', async () => (await import('../start.ts')).startCommand()],
  ['local', async () => (await import('../local.ts')).localCommand()],
  ['demo', async () => (await import('../demo.ts')).demoCommand()],
  ['send', async () => (await import('../send.ts')).sendCommand()],
  ['try', async () => (await import('../deliveries/try.ts')).tryCommand()],
  ['filter-test', async () => (await import('../deliveries/filter-test.ts')).filterTestCommand()],
  ['query', async () => (await import('../query.ts')).queryCommand()],
  ['import', async () => (await import('../import.ts')).importCommand()],
  ['backfill', async () => (await import('../backfill.ts')).backfillCommand()],
  ['reconcile', async () => (await import('../reconcile.ts')).reconcileCommand()],
  ['dead-letters', async () => (await import('../operate/dead-letters.ts')).deadLettersCommand()],
  ['alerts', async () => (await import('../operate/alerts/alerts.ts')).alertsCommand()],
  ['ledger', async () => (await import('../operate/ledger.ts')).ledgerCommand()],
  ['status', async () => (await import('../operate/status.ts')).statusCommand()],
  ['refused', async () => (await import('../operate/refused.ts')).refusedCommand()],
  ['tail', async () => (await import('../operate/tail.ts')).tailCommand()],
  ['trace', async () => (await import('../operate/trace.ts')).traceCommand()],
  ['init', async () => (await import('../production/init.ts')).initCommand()],
  ['streams', async () => (await import('../production/streams.ts')).streamsCommand()],
  ['secret', async () => (await import('../production/secret.ts')).secretCommand()],
  ['provision', async () => (await import('../production/provision.ts')).provisionCommand()],
  ['deploy', async () => (await import('../production/deploy.ts')).deployCommand()],
  ['cost', async () => (await import('../production/cost.ts')).costCommand()],
  ['doctor', async () => (await import('../production/doctor.ts')).doctorCommand()],
  ['serve', async () => (await import('../production/serve.ts')).serveCommand()],
  ['drain', async () => (await import('../production/serve.ts')).drainCommand()],
  ['completion', async () => (await import('./completion.ts')).completionCommand(loadProgram)],
]);

/** Their output is a log, or for a shell. */
const logging = new Set(['serve', 'drain', 'completion']);

/** The program with the command of this name alone; with all commands if there is none of this name. */
export async function loadProgram(name = ''): Promise<Command> {
  const named = commands.get(name);
  const loaders = named ? [named] : [...commands.values()];
  const program = withManners(new Command('tributary'))
    .description('A webhook relay: verified at the edge, through Pub/Sub, into BigQuery.')
    .version(version);
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    for (const leaf of leavesOf(command)) {
      if (!logging.has(command.name())) addQuietOption(leaf);
      withManners(addConfigOption(leaf));
    }
    program.addCommand(withManners(command));
  }
  return program;
}

/** The command, or its subcommands if it has some: those are run. */
export function leavesOf(command: Command): readonly Command[] {
  return command.commands.length > 0 ? command.commands : [command];
}

/** A misuse is answered with one suggestion instead of the whole help. main.ts sets the exit code. */
function withManners(command: Command): Command {
  const path = command.name() === 'tributary' ? 'tributary' : `tributary ${command.name()}`;
  return command
    .exitOverride()
    .showHelpAfterError(`Run \`${path} --help\` for what it takes.`)
    .configureOutput({
      outputError: (text, write) =>
        write(text.replace(/^error:/, styled('error', 'error:', process.stderr))),
    });
}
