import { CommanderError } from 'commander';
import { describeError, errorDocument } from '../terminal/error-text.ts';
import { isJsonPrinted, printJson } from '../terminal/manners.ts';
import { loadProgram } from './commands.ts';
import { exitCodeOf } from './exit-code.ts';

/** Runs `tributary` with these arguments. Prints what goes wrong, and sets the exit code of the process. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    const program = await loadProgram(args[0]);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    // Commander has printed its own errors.
    if (!(error instanceof CommanderError)) process.stderr.write(describeError(error));
    const wantsJson = args.includes('--json') && !isJsonPrinted();
    if (wantsJson && process.exitCode !== 0) printJson(errorDocument(error));
  }
}
