import { vi } from 'vitest';
import { runProgram } from '../../cli/program/run-program.ts';

export interface Run {
  status: number | null;
  out: string;
  err: string;
}

/**
 * Runs a command in this process, which takes a second less than a process of its own. Its standard input is not
 * read. One at a time: it has the environment and the output of the process for itself.
 */
export async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Run> {
  const { env, exitCode } = process;
  const out = capture(process.stdout);
  const err = capture(process.stderr);
  const listeners = signals.map((signal) => process.listeners(signal));
  process.env = { ...environment };
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { status: Number(process.exitCode ?? 0), out: out.text(), err: err.text() };
  } finally {
    out.end();
    err.end();
    process.env = env;
    process.exitCode = exitCode;
    for (const [n, signal] of signals.entries()) {
      for (const listener of process.listeners(signal)) {
        if (!listeners[n]?.includes(listener)) process.off(signal, listener);
      }
    }
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const;

function capture(stream: NodeJS.WriteStream) {
  let text = '';
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  });
  return { text: () => text, end: () => spy.mockRestore() };
}
