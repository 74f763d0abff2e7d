import type { Envelope } from '../../shared/envelope.ts';
import { terminalJson, terminalLines, terminalText } from '../../shared/terminal-text.ts';
import type { ForwardResult } from '../../subscriber/tail/forward.ts';
import type { TailEnd, TailNotice } from '../../subscriber/tail/run-tail.ts';
import type { TailEvent } from '../../subscriber/tail/tail-event.ts';
import { styled } from '../terminal/style.ts';
import { bodyText, inflatedBody } from './body-text.ts';

/** How what is followed is printed: lines for a person, or JSON. Every text is safe on a terminal. */
export interface TailLines {
  event(event: TailEvent): string[];
  forwarded(envelope: Envelope, result: ForwardResult): string[];
}

/** Of one stream and cause; the others are only counted. */
const maxShownRefused = 5;

export const textLines = (withBody: boolean): TailLines => ({
  event(event) {
    switch (event.kind) {
      case 'unreadable':
        return [
          `${clock(Date.now())} ${styled('warning', 'unreadable')} message ${terminalText(event.messageId)}: ${terminalText(event.problem)}`,
        ];
      case 'report':
        return reportLines(event);
      case 'delivery': {
        const { envelope, latencyMs } = event.delivery;
        const replay = envelope.replay === undefined ? 'accepted' : `replay ${envelope.replay}`;
        const line = [
          clock(envelope.receivedAt),
          styled('good', replay.padEnd(8)),
          terminalText(envelope.deliveryId),
          spanText(latencyMs).padStart(7),
          sizeText(envelope.body.length).padStart(7),
          terminalText(`${envelope.stream} ${envelope.event ?? ''}`.trimEnd()),
        ].join(' ');
        if (!withBody) return [line];
        const body = bodyText(inflatedBody(envelope), '--json has all of it');
        return [line, terminalLines(body)];
      }
    }
  },
  forwarded({ deliveryId }, result) {
    const good = result.kind === 'answered' && result.status < 400;
    const said =
      result.kind === 'answered'
        ? `${result.status} in ${spanText(result.ms)}`
        : result.kind === 'unanswered'
          ? `not answered: ${terminalText(result.reason)}`
          : `not sent: ${terminalText(result.reason)}`;
    return [
      `${' '.repeat(8)} ${styled(good ? 'good' : 'error', '→')}        ${terminalText(deliveryId)} ${said}`,
    ];
  },
});

function reportLines({ filtered, refused, counts }: TailEvent & { kind: 'report' }): string[] {
  const lines = [...Map.groupBy(filtered, ({ stream }) => stream)].map(([stream, all]) => {
    const names = all.map(({ event, cause, dropped }) => `${event ?? `(${cause})`} ×${dropped}`);
    const last = Math.max(...all.map(({ lastAt }) => lastAt));
    return `${clock(last)} ${styled('faint', 'filtered')} ${terminalText(`${stream} ${names.join(', ')}`)}`;
  });
  const groups = Map.groupBy(refused, ({ stream, outcome, cause }) =>
    keyOf(stream, outcome, cause),
  );
  for (const all of groups.values()) {
    for (const { at, stream, outcome, cause, method, path, deliveryId, hint } of all.slice(
      -maxShownRefused,
    )) {
      const why = cause === undefined ? outcome : `${outcome}, ${cause}`;
      const facts = [deliveryId ?? '', stream || '(no stream)', `${method} ${path}`, why];
      const text = facts.filter((fact) => fact !== '').join(' ');
      const likely = hint === undefined ? '' : ` (${hint})`;
      lines.push(`${clock(at)} ${styled('error', 'refused ')} ${terminalText(text + likely)}`);
    }
  }
  for (const [key, all] of Map.groupBy(counts, ({ stream, outcome, cause }) =>
    keyOf(stream, outcome, cause),
  )) {
    const total = all.reduce((sum, { deliveries }) => sum + deliveries, 0);
    const shown = Math.min(groups.get(key)?.length ?? 0, maxShownRefused);
    const [first] = all;
    if (!first || total <= shown) continue;
    const why = first.cause === undefined ? first.outcome : `${first.outcome}, ${first.cause}`;
    const more = shown === 0 ? total : `${total - shown} more`;
    const text = `${first.stream || '(no stream)'} ${why} ×${more}`;
    lines.push(`${clock(Date.now())} ${styled('error', 'refused ')} ${terminalText(text)}`);
  }
  return lines;
}

function keyOf(...parts: (string | undefined)[]): string {
  return JSON.stringify(parts.map((part) => part ?? ''));
}

export const jsonLines = (withBody: boolean): TailLines => ({
  event(event) {
    switch (event.kind) {
      case 'unreadable':
        return [json(event)];
      case 'report':
        return [
          ...event.filtered.map((count) => json({ kind: 'filtered', ...count })),
          ...event.refused.map((delivery) => json({ kind: 'refused', ...delivery })),
          ...event.counts.map((count) => json({ kind: 'refused count', ...count })),
        ];
      case 'delivery': {
        const { envelope, latencyMs, isLate } = event.delivery;
        const { deliveryId, stream, receivedAt, contentType, replay, body } = envelope;
        const document = {
          ...{ kind: 'delivery', outcome: 'accepted', stream, deliveryId, event: envelope.event },
          ...{ receivedAt: new Date(receivedAt).toISOString(), latencyMs, late: isLate },
          ...{ bytes: body.length, contentType, replay, ...(withBody && bodyDocument(envelope)) },
        };
        return [json(document)];
      }
    }
  },
  forwarded({ deliveryId, stream }, result) {
    const { kind, ...facts } = result;
    return [json({ kind: 'forwarded', result: kind, stream, deliveryId, ...facts })];
  },
});

export function json(document: object): string {
  return terminalJson(JSON.stringify(document));
}

/** As text if it is UTF-8, else in base64. */
function bodyDocument(envelope: Envelope): object {
  const body = inflatedBody(envelope);
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { bodyBase64: Buffer.from(body).toString('base64') };
  }
}

export function noticeText(notice: TailNotice): string | undefined {
  switch (notice.kind) {
    case 'opened':
      return notice.isResumed
        ? `Following again, with the subscription ${notice.subscription}: what came meanwhile is first.`
        : `Following, with the temporary subscription ${notice.subscription}. Ctrl-C ends it.`;
    case 'caught up':
      return `${notice.deliveries} deliveries came while the tail was off.`;
    case 'connection':
      return notice.state === 'lost'
        ? 'Pub/Sub does not answer; trying again. What comes meanwhile is kept.'
        : 'Pub/Sub answers again.';
  }
}

/** @param reason why it was to end */
export function endText(end: TailEnd, reason: string, shown: number): string {
  const { failure, subscription, unshown, isRemoved, problem } = end;
  const lines = [
    failure ? `Stopped: ${failure.problem} (${failure.why}).` : `Stopped: ${reason}.`,
    `${shown} deliveries were shown${unshown > 0 ? `; ${unshown} more had come` : ''}.`,
  ];
  if (isRemoved && failure?.why !== 'deleted')
    lines.push(`The subscription ${subscription} is removed.`);
  else if (!isRemoved && failure?.why !== 'taken over') {
    lines.push(
      `The subscription ${subscription} is left${problem === undefined ? '' : ` (${problem})`}: the same command goes on with it. Without one, Pub/Sub deletes it after a day.`,
    );
  }
  return terminalText(lines.join(' '));
}

/** Of the day in UTC. */
function clock(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? '--:--:--' : time.toISOString().slice(11, 19);
}

function spanText(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
