import type { Envelope } from '../../shared/envelope.ts';
import { ledgerLayout } from '../../shared/report/ledger.ts';
import { createEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { LedgerWriter } from '../../subscriber/ledger/settled/ledger-writer.ts';
import { Settlements } from '../../subscriber/ledger/settled/settlements.ts';
import type { WriteResult } from '../../subscriber/rows/write-result.ts';
import { MetricsRecorder } from '../../subscriber/service/metrics-recorder.ts';
import { benchRelay } from './bench-relay.ts';

const events = 1_000_000;
/** Five seconds at 5,000 events a second. */
const perFlush = 25_000;
const inFlightAtFlush = 5000;
const rowsPerAppend = 1000;
const written: WriteResult = { kind: 'written' };

/**
 * What metrics and ledger cost an event, in microseconds of CPU: all that the pipeline calls for it, and its part of each
 * report. Measured alone, because two whole subscribers differ by more.
 */
export async function measureCounting(): Promise<number> {
  const relay = benchRelay('counting');
  const metrics = new MetricsRecorder({ subscription: 'counting', streams: ['shop'] });
  const ledger = new LedgerWriter({
    table: {
      encoder: createEncoder(ledgerLayout, Date.now),
      queue: { write: async () => written },
    },
    inFlight: () => deliveries(),
  });
  const settlements = new Settlements({ relay, ledger });
  const attributes = { stream: 'shop' };
  const count = async (total: number) => {
    for (let n = 0; n < total; n++) {
      const begunAt = metrics.now();
      const envelope: Envelope = {
        stream: 'shop',
        deliveryId: 'id',
        receivedAt: Date.now() - (n % 2000),
        body: empty,
      };
      metrics.processed(begunAt, false);
      void settlements.settle({
        envelope,
        attributes,
        outcome: 'written',
        rows: 1,
        hasNoRow: false,
      });
      metrics.written(attributes, envelope.receivedAt);
      if (n % rowsPerAppend === 0) metrics.appended(begunAt, rowsPerAppend);
      if (n % perFlush === 0) await ledger.flush();
    }
  };
  await count(events / 5);
  const cpu = process.cpuUsage();
  await count(events);
  const { user, system } = process.cpuUsage(cpu);
  ledger.stop();
  return (user + system) / events;
}

const empty = new Uint8Array();

function* deliveries() {
  for (let n = 0; n < inFlightAtFlush; n++) {
    yield { id: `${n}`, stream: 'shop', receivedAt: Date.parse(new Date().toISOString()) };
  }
}
