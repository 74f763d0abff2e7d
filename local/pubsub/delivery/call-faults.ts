// The faults of Acknowledge and ModifyAckDeadline, and of a stream that is opened.

import { setTimeout as pause } from 'node:timers/promises';
import type { Faults } from '../../faults/faults.ts';
import { ConnectionCut, faultError } from '../errors.ts';

const DEFAULT_MS = 1000;

/** What is left to do with a call. */
interface FaultyCall {
  /** Whether it takes effect. */
  readonly counts: boolean;
  /** To be awaited before the answer; rejects in its place. */
  answer(): Promise<void>;
}

const sound: FaultyCall = { counts: true, answer: () => Promise.resolve() };

/** Throws the error of a call that is refused. */
export function faultyAck(faults: Faults | undefined, subscription: string): FaultyCall {
  const names = [
    'ack.lost',
    'ack.lost-answer',
    'ack.status',
    'ack.delayed-answer',
    'ack.hang',
  ] as const;
  const fault = faults?.take(names, subscription);
  if (!fault) return sound;
  if (fault.name === 'ack.status') throw faultError(fault);
  if (fault.name === 'ack.hang') return { counts: false, answer: () => new Promise(() => {}) };
  if (fault.name === 'ack.lost') return { ...sound, counts: false };
  if (fault.name === 'ack.lost-answer') {
    return { counts: true, answer: () => Promise.reject(new ConnectionCut()) };
  }
  return { counts: true, answer: () => pause(fault.ms ?? DEFAULT_MS) };
}

/** Whether a ModifyAckDeadline takes effect. Throws the error of one that is refused. */
export function modackCounts(faults: Faults | undefined, subscription: string): boolean {
  const fault = faults?.take(['modack.lost', 'modack.status'], subscription);
  if (fault?.name === 'modack.status') throw faultError(fault);
  return !fault;
}

/** What a new stream does. Throws the error of one that ends at once. */
export function faultyStream(
  faults: Faults | undefined,
  subscription: string,
): { brings: boolean; answers: boolean } {
  const names = ['stream.status', 'stream.silent', 'stream.frozen'] as const;
  const fault = faults?.take(names, subscription);
  if (fault?.name === 'stream.status') throw faultError(fault);
  return { brings: !fault, answers: fault?.name !== 'stream.frozen' };
}
