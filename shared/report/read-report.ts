import type { CensusCount } from './census.ts';
import type { EdgeReport } from './edge-report.ts';
import type { EdgeCount } from './ledger.ts';
import type { RefusedDelivery } from './refused.ts';

/** A report has some kilobytes. What has more entries than these does not come from our edge. */
const maxEntries = 10_000;
const maxText = 1024;
const maxBody = 16_384;
const maxHeaders = 200;
const maxTime = 8.64e15;
const maxMinute = maxTime / 60_000;

/** Undefined where the body is not a report. Entries that can't be read are left out, as are those beyond the limit. */
export function readReport(body: Uint8Array): EdgeReport | undefined {
  let report: unknown;
  try {
    report = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  if (!isObject(report)) return undefined;
  const isolate = textOf(report['isolate']);
  const lists = [report['ledger'], report['census'], report['refused']];
  if (isolate === undefined || !lists.every((list) => list === undefined || Array.isArray(list))) {
    return undefined;
  }
  return {
    isolate,
    ledger: readEach(report['ledger'], readEdgeCount),
    census: readEach(report['census'], readCensusCount),
    refused: readEach(report['refused'], readRefused),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function readEach<Entry>(list: unknown, read: (fields: Fields) => Entry | undefined): Entry[] {
  if (!Array.isArray(list)) return [];
  return list.slice(0, maxEntries).flatMap((entry) => (isObject(entry) && read(entry)) || []);
}

function readEdgeCount(fields: Fields): EdgeCount | undefined {
  const { minute, deliveries } = fields;
  const [stream, outcome] = [textOf(fields['stream']), textOf(fields['outcome'])];
  if (stream === undefined || !outcome) return undefined;
  if (!isCount(minute) || minute > maxMinute || !isCount(deliveries)) return undefined;
  const cause = textOf(fields['cause']);
  return { minute, stream, outcome, ...(cause && { cause }), deliveries };
}

function readCensusCount(fields: Fields): CensusCount | undefined {
  const { dropped, firstAt, lastAt } = fields;
  const [stream, cause] = [textOf(fields['stream']), textOf(fields['cause'])];
  if (stream === undefined || cause === undefined) return undefined;
  if (!isCount(dropped) || !isTime(firstAt) || !isTime(lastAt)) return undefined;
  const event = textOf(fields['event']);
  return { stream, ...(event !== undefined && { event }), cause, dropped, firstAt, lastAt };
}

function readRefused(fields: Fields): RefusedDelivery | undefined {
  const { at, bytes, headers } = fields;
  const text = (name: string, max?: number) => textOf(fields[name], max);
  const [stream, outcome] = [text('stream'), text('outcome')];
  if (stream === undefined || !outcome || !isTime(at)) return undefined;
  const optional = {
    deliveryId: text('deliveryId'),
    cause: text('cause'),
    body: text('body', maxBody),
    hint: text('hint'),
    bytes: isCount(bytes) ? bytes : undefined,
  };
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    stream,
    at,
    outcome,
    method: text('method') ?? '',
    path: text('path') ?? '',
    headers: readHeaders(headers),
    ...(Object.fromEntries(given) as Partial<RefusedDelivery>),
  };
}

function readHeaders(headers: unknown): Record<string, string> {
  if (!isObject(headers)) return {};
  const entries = Object.entries(headers).slice(0, maxHeaders);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      const text = textOf(value);
      return text === undefined ? [] : [[name.toWellFormed().slice(0, maxText), text]];
    }),
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text as BigQuery takes it. */
function textOf(value: unknown, max = maxText): string | undefined {
  return typeof value === 'string' ? value.slice(0, max).toWellFormed() : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= maxTime;
}
