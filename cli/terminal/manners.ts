import { type Command, Option } from 'commander';
import { terminalJson } from '../../shared/terminal-text.ts';

let isQuietNow = false;
let hasPrintedJson = false;

/** Whether only results and errors are printed: `--quiet`. */
export function isQuiet(): boolean {
  return isQuietNow;
}

/** Adds `--quiet`. */
export function addQuietOption(command: Command): Command {
  if (command.options.some(({ long }) => long === '--quiet')) return command;
  return command
    .addOption(new Option('--quiet', 'print only the result and errors'))
    .hook('preAction', (_, running) => {
      isQuietNow = running.opts<{ quiet?: boolean }>().quiet === true;
    });
}

/** `--json`, spelled and explained the same in every command. */
export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document').default(false, '');
}

/**
 * Prints the one JSON document of a command with `--json`.
 *
 * @param indent of its lines; on one line without it
 */
export function printJson(document: unknown, indent?: number): void {
  hasPrintedJson = true;
  process.stdout.write(`${terminalJson(JSON.stringify(document, null, indent))}\n`);
}

/** Whether the command has printed its JSON document, so that an error must not print another. */
export function isJsonPrinted(): boolean {
  return hasPrintedJson;
}
