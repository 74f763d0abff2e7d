import type { RelaySource } from '../bigquery/read-cells.ts';
import type { Log } from '../log.ts';
import { alertId, type ConditionName, type Finding } from './conditions.ts';
import type { Facts } from './facts/facts.ts';
import { readRefusedExamples } from './facts/read-letters.ts';
import { findAlerts, judged } from './find-alerts.ts';
import type { AlertSettings } from './settings.ts';
import type { AlertStore } from './state/alert-store.ts';
import type { StoredAlert, StoredState } from './state/alert-table.ts';

export interface UpdateOptions extends RelaySource {
  settings: AlertSettings;
  store: AlertStore;
  log: Log;
  /** The names of the receivers that can be reached. */
  receivers: readonly string[];
}

/** How often a condition that goes on is noted: a part of the time after which it would be cleared. */
const touchShare = 0.4;
const maxLogged = 10;

/** Brings the table of the alerts up to date with what is found in the facts. */
export async function updateAlerts(facts: Facts, options: UpdateOptions): Promise<void> {
  const { relay, settings, store, log } = options;
  const { now } = facts;
  const { clearAfterMs } = settings;
  const found = findAlerts(relay.streams.keys(), facts, settings);
  const { alerts } = await readState(now, options);
  const fresh = found.filter((finding) => !alerts.get(alertId(finding))?.isFiring);
  if (fresh.length > 0) {
    await store.fire(await withExamples(fresh, now, options), now);
    logAlerts(log, fresh, true);
  }
  const byId = new Map(found.map((finding) => [alertId(finding), finding]));
  const firing = [...alerts.values()].filter(({ isFiring }) => isFiring);
  const untouched = firing.filter(({ seenAt }) => seenAt < now - clearAfterMs * touchShare);
  await store.touch(
    untouched.flatMap(({ id }) => byId.get(id) ?? []),
    now,
  );
  // A condition that could not be looked at is not over, and neither is one that another replica sees.
  const known = judged(facts);
  const over = firing.filter(
    ({ id, condition, seenAt }) =>
      !byId.has(id) && known.has(condition) && now - seenAt >= clearAfterMs,
  );
  if (over.length === 0) return;
  await store.clear(
    over.map(({ id }) => id),
    now - clearAfterMs,
    now,
  );
  logAlerts(log, over, false);
}

/** Adds the table, which somebody may have dropped, and rows of receivers, if they are missing. */
async function readState(now: number, { store, receivers }: UpdateOptions): Promise<StoredState> {
  const state = await store.read();
  const missing = receivers.filter((name) => !state.receivers.has(name));
  if (!state.exists) await store.ensure();
  if (missing.length > 0) await store.receivers.add(missing, now);
  return state;
}

async function withExamples(
  findings: readonly Finding[],
  now: number,
  { settings, ...source }: UpdateOptions,
): Promise<Finding[]> {
  const isRefusal = ({ condition }: Finding) => condition === 'unauthorized';
  const streams = findings.filter(isRefusal).flatMap(({ stream }) => stream ?? []);
  const examples = await readRefusedExamples(source, streams, now - settings.common.windowMs);
  return findings.map((finding) => {
    const example = examples.get(finding.stream ?? '');
    return isRefusal(finding) && example ? { ...finding, example } : finding;
  });
}

type LoggedAlert = Pick<StoredAlert, 'stream' | 'reason' | 'count'> & { condition: ConditionName };

export function logAlerts(log: Log, alerts: readonly LoggedAlert[], isFiring: boolean): void {
  const severity = isFiring ? 'WARNING' : 'INFO';
  const message = isFiring ? 'alert' : 'alert cleared';
  for (const { condition, stream, reason, count } of alerts.slice(0, maxLogged)) {
    log({ severity, message, condition, stream, reason, count });
  }
  const omitted = alerts.length - maxLogged;
  if (omitted > 0) log({ severity, message, omitted });
}
