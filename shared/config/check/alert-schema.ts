import * as v from 'valibot';
import type { Problem } from '../../filters/condition.ts';
import { readWindow } from '../../signatures/timestamp.ts';
import { type AlertOptions, alertFormats } from '../alert-options.ts';
import { strictObject } from './strict-object.ts';

const form = 'must be a time with its unit, such as 90s, 15m, 6h or 1d';
/** What Node's timers and BigQuery's partitions can hold. */
const maxSpanS = 20 * 86_400;

const Span = v.pipe(
  v.string(),
  v.check((text) => readWindow(text) !== undefined, form),
  v.check((text) => (readWindow(text) ?? 0) <= maxSpanS, 'must be 20d or less'),
);

const off = v.literal(false);
const SpanOrOff = v.lazy((value) => (value === false ? off : Span));
const CountOrOff = v.lazy((value) =>
  value === false ? off : v.pipe(v.number(), v.integer(), v.minValue(1)),
);
const ShareOrOff = v.lazy((value) =>
  value === false ? off : v.pipe(v.number(), v.minValue(0.001), v.maxValue(1)),
);
const Silence = v.lazy((value) =>
  value === false ? off : value === 'learned' ? v.literal('learned') : Span,
);

const conditionEntries = {
  window: v.optional(Span),
  deadLetters: v.optional(CountOrOff),
  tableRefused: v.optional(SpanOrOff),
  freshness: v.optional(SpanOrOff),
  silentAfter: v.optional(Silence),
  overflow: v.optional(CountOrOff),
  unauthorized: v.optional(ShareOrOff),
  unauthorizedCount: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
};

const VariableName = v.pipe(
  v.string(),
  v.regex(
    /^[A-Z][A-Z0-9_]{0,99}$/,
    'must name an environment variable, as in UPPER_CASE; never the URL itself',
  ),
);

const Receiver = strictObject({
  url: VariableName,
  format: v.picklist(alertFormats),
  streams: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
  heartbeat: v.optional(Span),
});

const ConsoleUrl = v.pipe(
  v.string(),
  v.url('must be a URL'),
  v.regex(/^https?:\/\/[^@\s]+$/i, 'must be https or http, without a user'),
);

export const AlertsSchema = strictObject({
  receivers: v.pipe(v.array(Receiver), v.minLength(1), v.maxLength(20)),
  ...conditionEntries,
  streams: v.optional(v.record(v.string(), strictObject(conditionEntries))),
  every: v.optional(Span),
  clearAfter: v.optional(Span),
  bigqueryAway: v.optional(SpanOrOff),
  consoleUrl: v.optional(ConsoleUrl),
});

/** Streams that there are not, and a receiver that is named twice. What has a wrong form is reported elsewhere. */
export function alertProblems(alerts: unknown, streams: ReadonlySet<string>): Problem[] {
  if (!isObject(alerts)) return [];
  const { receivers, streams: changed } = alerts as Partial<AlertOptions>;
  const unknown = (path: string, names: unknown) =>
    (Array.isArray(names) ? names : [])
      .map((name, at) => ({ name, at }))
      .filter(({ name }) => typeof name === 'string' && !streams.has(name))
      .map(({ at }) => ({ path: `alerts.${path}.${at}`, message: 'is no stream of this relay' }));
  const list: unknown[] = Array.isArray(receivers) ? receivers : [];
  const names = list.map((receiver) => (isObject(receiver) ? receiver['url'] : undefined));
  return [
    ...list.flatMap((receiver, at) =>
      isObject(receiver) ? unknown(`receivers.${at}.streams`, receiver['streams']) : [],
    ),
    ...names.flatMap((name, at) =>
      typeof name === 'string' && names.indexOf(name) < at
        ? [{ path: `alerts.receivers.${at}.url`, message: 'is the URL of another receiver, too' }]
        : [],
    ),
    ...(isObject(changed) ? Object.keys(changed) : [])
      .filter((name) => !streams.has(name))
      .map((name) => ({
        path: `alerts.streams.${name}`,
        message: 'is no stream of this relay',
      })),
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
