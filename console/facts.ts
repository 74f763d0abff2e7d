import type { ConsoleParts } from './context.ts';
import type { Facts } from './contract.ts';

/** Interim: until subscriber/ledger is there. */
export async function readFacts({ relay }: ConsoleParts): Promise<Facts> {
  return {
    at: Date.now(),
    windowMs: 900_000,
    streams: [...relay.streams.keys()].map((stream) => ({
      stream,
      deliveriesPerMinute: 0,
      outcomes: {},
      rows: 0,
      backlog: 0,
      deadLetters: 0,
      remainder: 0,
      received: 0,
      accepted: 0,
      filtered: 0,
      rejected: 0,
      overflow: 0,
      notStored: 0,
      duplicates: 0,
      perMinute: [],
    })),
    minutes: [],
  };
}
