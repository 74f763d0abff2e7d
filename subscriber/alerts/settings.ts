import type {
  AlertConditions,
  AlertFormat,
  AlertOptions,
  Span,
} from '../../shared/config/alert-options.ts';
import { readWindow } from '../../shared/signatures/timestamp.ts';

/** What fires for a stream. False: never. */
export interface ConditionSettings {
  windowMs: number;
  deadLetters: number | false;
  tableRefusedMs: number | false;
  freshnessMs: number | false;
  silentAfterMs: number | 'learned' | false;
  overflow: number | false;
  unauthorized: number | false;
  unauthorizedCount: number;
}

export interface ReceiverSettings {
  /** The name of the variable that holds its URL: all that is ever shown of it. */
  name: string;
  format: AlertFormat;
  streams?: ReadonlySet<string>;
  heartbeatMs?: number;
}

/** The option `alerts`, with nothing left to default. */
export interface AlertSettings {
  everyMs: number;
  clearAfterMs: number;
  bigqueryAwayMs: number | false;
  /** Without a slash at its end. */
  consoleUrl?: string;
  receivers: readonly ReceiverSettings[];
  /** Of a stream that has none of its own. */
  common: ConditionSettings;
  /** By the stream's name. */
  own: ReadonlyMap<string, ConditionSettings>;
}

const defaults = {
  window: '15m',
  deadLetters: 1,
  tableRefused: '1m',
  freshness: '1m',
  silentAfter: 'learned',
  overflow: 1,
  unauthorized: 0.2,
  unauthorizedCount: 20,
} as const satisfies Required<AlertConditions>;

export function alertSettings(options: AlertOptions): AlertSettings {
  const { every = '60s', clearAfter = '5m', bigqueryAway = '5m', consoleUrl, receivers } = options;
  const common = { ...defaults, ...conditionsOf(options) };
  const own = Object.entries(options.streams ?? {});
  return {
    everyMs: toMs(every),
    clearAfterMs: toMs(clearAfter),
    bigqueryAwayMs: orFalse(bigqueryAway),
    ...(consoleUrl !== undefined && { consoleUrl: consoleUrl.replace(/\/+$/, '') }),
    receivers: receivers.map(({ url: name, format, streams, heartbeat }) => ({
      name,
      format,
      ...(streams && { streams: new Set(streams) }),
      ...(heartbeat !== undefined && { heartbeatMs: toMs(heartbeat) }),
    })),
    common: resolve(common),
    own: new Map(
      own.map(([stream, conditions]) => [stream, resolve({ ...common, ...conditions })]),
    ),
  };
}

export function settingsOf({ own, common }: AlertSettings, stream: string): ConditionSettings {
  return own.get(stream) ?? common;
}

/** All that is different: of the streams together, and of some. */
export function allSettings({ own, common }: AlertSettings): ConditionSettings[] {
  return [common, ...own.values()];
}

/** The conditions among the options. */
function conditionsOf(options: AlertOptions): AlertConditions {
  const names = Object.keys(defaults) as (keyof AlertConditions)[];
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

function resolve(conditions: Required<AlertConditions>): ConditionSettings {
  const { window, tableRefused, freshness, silentAfter, ...counts } = conditions;
  return {
    ...counts,
    windowMs: toMs(window),
    tableRefusedMs: orFalse(tableRefused),
    freshnessMs: orFalse(freshness),
    silentAfterMs: silentAfter === 'learned' ? silentAfter : orFalse(silentAfter),
  };
}

function orFalse(span: Span | false): number | false {
  return span === false ? false : toMs(span);
}

/** The form of the span has been checked. */
function toMs(span: Span): number {
  return (readWindow(span) ?? 0) * 1000;
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** `90000` → `90s`; `3600000` → `1h`: in the largest unit that divides it, in seconds else. */
export function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [unit, size] = units.find(([, one]) => seconds >= one && seconds % one === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}
