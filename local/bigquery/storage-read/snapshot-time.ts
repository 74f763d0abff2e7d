import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Store } from '../storage/store.ts';
import { Refusal } from '../storage-write/refusals.ts';
import { formatTable, type Table } from '../tables/schema.ts';

/** No past is kept here: a time after the last change is the present, and every other one is refused. */
export function checkSnapshotTime(
  store: Store,
  table: Table,
  time: protos.google.protobuf.ITimestamp | null | undefined,
  now: number,
): void {
  if (!time) return;
  const at = Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1_000_000;
  const name = formatTable(table);
  if (at > now) throw refuse('INVALID_ARGUMENT', 'the snapshot time is in the future');
  if (at < table.creationTime) {
    throw refuse('INVALID_ARGUMENT', `table ${name} did not exist at the snapshot time`);
  }
  if (at < store.lastChange(table)) {
    throw refuse(
      'UNIMPLEMENTED',
      `a snapshot time before the last change of table ${name} is not supported by the local server`,
    );
  }
}

function refuse(code: 'INVALID_ARGUMENT' | 'UNIMPLEMENTED', reason: string): Refusal {
  return new Refusal(status[code], `request failed: ${reason}`);
}
