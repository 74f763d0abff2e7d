import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Fate, Life, StreamName } from '../senders/deliveries.ts';

/** One round of a delivery: what its sender knows of it. */
export interface Sent {
  stream: StreamName;
  fate: Fate;
  tries: number;
  /** Tries of which nobody knows whether the relay has them: no answer, or 5xx. */
  open: number;
  /** The id of each acknowledged try; empty for those that were filtered. */
  acknowledged: string[];
  /** When they were acknowledged, of a table with a key. */
  acknowledgedAt?: number[];
  /** Tries that were answered 4xx. */
  rejected: number;
  /** When each definite answer came that leaves no row: filtered, or rejected. */
  answeredAt?: number[];
  /** Counted by the check: how many deliveries of it are in the tables. */
  found: number;
}

export interface Outside {
  /** By `<id>/<round>`. */
  sent: Map<string, Sent>;
  deliveries: number;
  tries: number;
  answers: Map<number, number>;
}

/** Reads the senders' ledgers. A life that was killed has a last line that may be cut off, and tries without an answer. */
export async function readOutside(directory: string): Promise<Outside> {
  const outside: Outside = { sent: new Map(), deliveries: 0, tries: 0, answers: new Map() };
  for (const name of readdirSync(directory)) {
    const lines = createInterface({ input: createReadStream(join(directory, name)) });
    for await (const line of lines) addLine(outside, name, line.split(' '));
  }
  for (const { acknowledged } of outside.sent.values()) {
    if (acknowledged.length > 0) outside.deliveries++;
  }
  return outside;
}

function addLine(outside: Outside, life: string, words: string[]): void {
  const { sent, answers } = outside;
  const [mark, n, round, ...more] = words;
  const key = `${life}.${n}/${round}`;
  if (mark === '>' && more.length === 3) {
    const [stream, fate] = more as [StreamName, Fate];
    const one = sent.get(key) ?? newSent(stream, fate);
    one.tries++;
    one.open++;
    sent.set(key, one);
    outside.tries++;
  }
  const one = sent.get(key);
  if (mark !== '<' || more.length !== 3 || !one) return;
  const [status = 0, at = 0] = [Number(more[0]), Number(more[2])];
  const what = more[1] ?? '';
  answers.set(status, (answers.get(status) ?? 0) + 1);
  if (status >= 200 && status < 300) {
    one.open--;
    one.acknowledged.push(what === 'filtered' ? '' : what);
    if (one.stream === 'orders') one.acknowledgedAt = [...(one.acknowledgedAt ?? []), at];
    if (what === 'filtered') one.answeredAt = [...(one.answeredAt ?? []), at];
  } else if (status >= 400 && status < 500 && status !== requestTimeout) {
    one.open--;
    one.rejected++;
    one.answeredAt = [...(one.answeredAt ?? []), at];
  }
}

/** Of a sender that was stopped in mid-body: it sends again. */
const requestTimeout = 408;

function newSent(stream: StreamName, fate: Fate): Sent {
  return { stream, fate, tries: 0, open: 0, acknowledged: [], rejected: 0, found: 0 };
}

/** The id of an event as it stands in each body: `~<sender>.<life>.<number>~`. */
const idForm = /~(\d+)\.(\d+)\.(\d+)~/;

export interface Named {
  id: string;
  life: Omit<Life, 'seed'>;
  n: number;
}

export function findId(text: string): Named | undefined {
  const found = idForm.exec(text);
  if (!found) return undefined;
  const [, sender, life, n] = found.map(Number) as [number, number, number, number];
  return { id: `${sender}.${life}.${n}`, life: { sender, life }, n };
}
