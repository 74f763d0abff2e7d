import { CommanderError } from 'commander';
import { describeError } from '../terminal/error-text.ts';
import { loadProgram } from './commands.ts';

/** Runs `tributary` with these arguments. Prints what goes wrong, and sets the exit code of the process. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    const program = await loadProgram(args[0]);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has printed its own errors.
    if (!(error instanceof CommanderError)) process.stderr.write(describeError(error));
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
  }
}
