import type { Facts, FiringAlert, Pulse, StreamFacts } from '../../contract.ts';
import { count, duration, plural } from '../parts/figures.ts';
import type { Tone } from '../parts/tone.ts';

export interface Verdict {
  tone: Tone;
  title: string;
  text: string;
}

/** Something that a person should do, and where. */
export interface Need {
  tone: 'warn' | 'bad';
  text: string;
  detail?: string;
  to: string;
  action: string;
}

export function sumOf(
  streams: readonly StreamFacts[],
  figure: (stream: StreamFacts) => number,
): number {
  return streams.reduce((sum, stream) => sum + figure(stream), 0);
}

/** Is everything arriving, and how late? */
export function verdictOf(facts: Facts, pulse: Pulse | undefined): Verdict {
  const { streams, windowMs } = facts;
  if (facts.problem) {
    const text =
      'What is in flight waits in Pub/Sub, and nothing is lost. The figures below are old.';
    return { tone: 'bad', title: 'BigQuery does not answer.', text };
  }
  const received = sumOf(streams, (one) => one.received);
  const missing = sumOf(streams, (one) => one.remainder);
  const refused = pulse?.tables.filter(({ isRefused }) => isRefused).length ?? 0;
  const late = Math.max(0, ...streams.map(({ oldestAgeS = 0 }) => oldestAgeS));
  const p95 = Math.max(0, ...streams.map(({ freshness }) => freshness?.p95 ?? 0));
  const span = duration(windowMs);
  if (missing > 0) {
    return {
      tone: 'bad',
      title: `${plural(missing, 'delivery is', 'deliveries are')} missing.`,
      text: 'The edge accepted them, and they are in no table, no dead letter and not in flight.',
    };
  }
  if (refused > 0) {
    return {
      tone: 'bad',
      title: `BigQuery refuses ${plural(refused, 'table')}.`,
      text: 'Their deliveries wait in Pub/Sub. The other streams arrive.',
    };
  }
  if (late > 60) {
    return {
      tone: 'warn',
      title: `Everything arrives, ${duration(late * 1000)} late.`,
      text: `${plural(
        sumOf(streams, (one) => one.backlog),
        'delivery',
        'deliveries',
      )} are on the way to their tables.`,
    };
  }
  if (received === 0) {
    const last = Math.max(0, ...streams.map(({ lastDeliveryAt = 0 }) => lastDeliveryAt));
    if (last === 0)
      return {
        tone: 'idle',
        title: 'Nothing has arrived yet.',
        text: 'The relay is ready. Send the first delivery: each stream has its URL and a sample.',
      };
    return {
      tone: 'idle',
      title: `Nothing has arrived for ${duration(Date.now() - last)}.`,
      text: 'What arrived before is in the tables.',
    };
  }
  const text = [
    `${plural(received, 'delivery', 'deliveries')} in the last ${span}`,
    ...(p95 > 0 ? [`95 % were in their tables within ${duration(p95)}`] : []),
  ].join(', ');
  const letters = sumOf(streams, (one) => one.deadLetters);
  if (letters > 0) {
    const title = `Everything arrives; ${plural(letters, 'dead letter')} to look at.`;
    return { tone: 'warn', title, text: `${text}.` };
  }
  return { tone: 'ok', title: 'Everything arrives.', text: `${text}.` };
}

/** What these alerts are about is seen here as it happens. */
const isSeen: ReadonlySet<string> = new Set(['dead-letters', 'table-refused', 'bigquery-away']);

function alertNeed({ condition, title, stream, reason }: FiringAlert): Need {
  const query = stream === undefined ? '' : `?stream=${encodeURIComponent(stream)}`;
  const page = stream === undefined ? '/' : `/streams/${stream}`;
  return {
    tone: 'warn',
    text: stream === undefined ? `Alert: ${title}` : `Alert of ${stream}: ${title}`,
    detail: reason,
    to: condition === 'unauthorized' ? `/refused${query}` : page,
    action: 'Look',
  };
}

/** What needs somebody, the worst first. */
export function needsOf({ streams, windowMs, alerts }: Facts, pulse: Pulse | undefined): Need[] {
  const needs: Need[] = [];
  for (const { stream, isRefused } of pulse?.tables ?? []) {
    if (!isRefused) continue;
    const detail = 'The log of the subscriber has what BigQuery says.';
    needs.push({
      tone: 'bad',
      text: `BigQuery refuses the rows of ${stream}`,
      detail,
      to: `/streams/${stream}`,
      action: 'Look',
    });
  }
  for (const one of streams) {
    const to = `/streams/${one.stream}`;
    if (one.remainder > 0) {
      needs.push({
        tone: 'bad',
        text: `${plural(one.remainder, 'delivery', 'deliveries')} of ${one.stream} missing`,
        to,
        action: 'Look',
      });
    }
    if (one.notStored > 0) {
      const detail = 'Pub/Sub did not take them. Their senders were told to send them again.';
      needs.push({
        tone: 'bad',
        text: `${plural(one.notStored, 'delivery', 'deliveries')} of ${one.stream} not stored`,
        detail,
        to,
        action: 'Look',
      });
    }
  }
  needs.push(...alerts.filter(({ condition }) => !isSeen.has(condition)).map(alertNeed));
  for (const one of streams) {
    if (one.deadLetters > 0) {
      needs.push({
        tone: 'warn',
        text: `${plural(one.deadLetters, 'dead letter')} of ${one.stream}`,
        detail: 'Not a row, or only in part. Correct the config, then replay them.',
        to: `/dead-letters?stream=${encodeURIComponent(one.stream)}`,
        action: 'Show',
      });
    }
    const share = one.received > 0 ? one.rejected / one.received : 0;
    if (one.rejected >= 3 && share >= 0.05) {
      needs.push({
        tone: 'warn',
        text: `${count(one.rejected)} of ${count(one.received)} deliveries of ${one.stream || 'unknown paths'} refused`,
        detail: `In the last ${duration(windowMs)}. The evidence says which mistake is likely.`,
        to: `/refused${one.stream ? `?stream=${encodeURIComponent(one.stream)}` : ''}`,
        action: 'Show',
      });
    }
  }
  return needs;
}
