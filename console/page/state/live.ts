import type { Delivery, Facts, Pulse } from '../../contract.ts';
import { loadSession } from './session.ts';
import { Store } from './store.ts';

export type Connection = 'connecting' | 'live' | 'lost' | 'paused';

export const connection = new Store<Connection>('connecting');
export const facts = new Store<Facts | undefined>(undefined);
export const pulse = new Store<Pulse | undefined>(undefined);
/** The last deliveries that this subscriber settled, the newest first. */
export const deliveries = new Store<readonly Delivery[]>([]);
/** Figures a second, from the last pulses. */
export const rates = new Store<{ pulled: number; rows: number; history: readonly number[] }>({
  pulled: 0,
  rows: 0,
  history: [],
});

const keptDeliveries = 300;
const keptSeconds = 60;
const maxBackoffMs = 8000;
/** A page that nobody looks at costs nothing. */
const pauseAfterMs = 60_000;

let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let backoffMs = 500;
let wasLost = false;

/** Follows the relay until `stopLive`; reconnects by itself. */
export function startLive(): void {
  if (source) return;
  clearTimeout(retry);
  connection.set(wasLost ? 'lost' : 'connecting');
  const opened = new EventSource('/api/live');
  source = opened;
  opened.addEventListener('open', () => {
    backoffMs = 500;
    // The subscriber may have restarted with another config.
    if (wasLost) void loadSession();
    wasLost = false;
    connection.set('live');
  });
  opened.addEventListener('error', () => {
    if (source !== opened) return;
    stopLive();
    wasLost = true;
    connection.set('lost');
    retry = setTimeout(() => void reconnect(), backoffMs);
    backoffMs = Math.min(maxBackoffMs, backoffMs * 2);
  });
  opened.addEventListener('pulse', (event) => takePulse(JSON.parse(event.data) as Pulse));
  opened.addEventListener('facts', (event) => facts.set(JSON.parse(event.data) as Facts));
}

export function stopLive(): void {
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

/** An EventSource does not say why it ended: an ended session shows here. */
async function reconnect(): Promise<void> {
  await loadSession();
  startLive();
}

function takePulse(next: Pulse): void {
  const before = pulse.value;
  if (before && next.at > before.at && next.pulled >= before.pulled) {
    const seconds = (next.at - before.at) / 1000;
    const pulled = (next.pulled - before.pulled) / seconds;
    const rows = Math.max(0, rowsOf(next) - rowsOf(before)) / seconds;
    const history = [...rates.value.history, rows].slice(-keptSeconds);
    rates.set({ pulled, rows, history });
  }
  pulse.set(next);
  if (next.deliveries.length > 0) {
    deliveries.set([...next.deliveries.toReversed(), ...deliveries.value].slice(0, keptDeliveries));
  }
}

/** Of the streams; the relay's own tables are not counted. */
function rowsOf({ tables }: Pulse): number {
  return tables.reduce(
    (sum, { stream, rowsWritten = 0 }) => sum + (stream.startsWith('tributary.') ? 0 : rowsWritten),
    0,
  );
}

let hidden: ReturnType<typeof setTimeout> | undefined;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hidden);
  if (document.hidden) {
    hidden = setTimeout(() => {
      if (!source) return;
      stopLive();
      connection.set('paused');
    }, pauseAfterMs);
  } else if (connection.value === 'paused') startLive();
});
