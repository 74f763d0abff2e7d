import type { StreamFacts } from '../contract.ts';
import type { Tone } from './parts/tone.ts';

export interface StreamState {
  tone: Tone;
  word: string;
}

/** How a stream is, in a colour and a word: the worst first. */
export function toneOf(facts: StreamFacts | undefined, isRefused = false): StreamState {
  if (isRefused) return { tone: 'bad', word: 'BigQuery refuses its rows' };
  if (!facts) return { tone: 'idle', word: 'not known yet' };
  if (facts.remainder > 0) return { tone: 'bad', word: 'deliveries are missing' };
  if (facts.notStored > 0) return { tone: 'bad', word: 'deliveries were not stored' };
  if (facts.deadLetters > 0) return { tone: 'warn', word: 'has dead letters' };
  if ((facts.oldestAgeS ?? 0) > 60) return { tone: 'warn', word: 'is late' };
  if (facts.lastDeliveryAt === undefined) return { tone: 'idle', word: 'nothing has arrived yet' };
  return { tone: 'ok', word: 'arriving' };
}
