import { CommanderError } from 'commander';
import { type ErrorCode, RelayError } from '../../shared/errors.ts';

/** Errors of the arguments themselves: the same words fail wherever the command is run. */
const misuses: ReadonlySet<ErrorCode> = new Set([
  'arguments.invalid',
  'body.unreadable',
  'dead-letter.selection',
  'delivery.event',
  'delivery.header',
  'delivery.set',
  'edge.invalid',
  'import.no-file',
  'import.zip',
  'init.no-terminal',
  'query.none',
  'query.parameter',
  'query.stream',
  'query.unknown',
  'range.empty',
  'rejected.file',
  'secret.private',
  'secret.unknown',
  'secrets.unreadable',
  'state.unusable',
  'stream.no-id',
  'stream.no-rows',
  'stream.no-time',
  'stream.unknown',
  'tail.receiver',
  'trace.id',
]);

/** 1: the command failed, or found something. 2: it was used wrongly. A help that was asked for is no error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof RelayError && misuses.has(error.code) ? 2 : 1;
}
