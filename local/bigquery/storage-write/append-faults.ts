// The faults of docs/faults.md that affect appends. Each one is a possible behaviour of Google's service,
// which may or may not store a request, and may or may not answer it.

import { setTimeout as pause } from 'node:timers/promises';
import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Fault, FaultName, Faults } from '../../faults/faults.ts';
import type { Table } from '../tables/schema.ts';
import { extraFields, Refusal, refuseRows } from './refusals.ts';
import { toTableSchema } from './rows/table-schema.ts';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;

export const DEFAULT_FAULT_MS = 1000;

/** An append before its fault is applied. */
export interface PendingAppend {
  /** The stream's full name. */
  stream: string;
  table: Table | undefined;
  rows: readonly Uint8Array[];
  /** Writes the rows as if there were no fault. */
  write(): Promise<Response>;
}

const NAMES: readonly FaultName[] = [
  'iam.denied',
  'append.new-table',
  'append.bad-row',
  'append.lost-ack',
  'append.delayed-ack',
  'append.status',
  'append.stream-end',
  'append.frozen',
  'append.updated-schema',
  'append.extra-fields',
];

export function takeAppendFault(faults: Faults, append: PendingAppend): Fault | undefined {
  return faults.take(NAMES, append.stream, (fault) => {
    if (fault.name === 'append.new-table') return isNew(append.table, fault);
    return fault.name !== 'append.bad-row' || badRows(append.rows, fault).length > 0;
  });
}

/** Whether the table is too new to be visible under the fault. */
export function isNew(table: Table | undefined, fault: Fault): boolean {
  return Date.now() - (table?.creationTime ?? 0) < (fault.ms ?? DEFAULT_FAULT_MS);
}

/** Whether the fault ends the connection. */
export function endsConnection({ name, inBand }: Fault): boolean {
  return CUTS.includes(name) || (name === 'append.status' && inBand !== true);
}

const CUTS: readonly FaultName[] = [
  'iam.denied',
  'append.new-table',
  'append.lost-ack',
  'append.stream-end',
  'append.frozen',
];

/** Returns the response, or undefined to end the stream with OK. Rejects with the error that ends the stream. */
export async function applyFault(
  fault: Fault,
  append: PendingAppend,
): Promise<Response | undefined> {
  switch (fault.name) {
    case 'iam.denied':
      throw refuse(fault, 'PERMISSION_DENIED');
    case 'append.lost-ack':
      await append.write();
      throw refuse(fault, 'UNAVAILABLE');
    case 'append.delayed-ack': {
      const answer = await append.write();
      await pause(fault.ms ?? DEFAULT_FAULT_MS);
      return answer;
    }
    case 'append.status':
      if (fault.stored) await append.write();
      if (fault.inBand) return { error: refuse(fault, 'UNAVAILABLE').status };
      throw refuse(fault, 'UNAVAILABLE');
    case 'append.stream-end':
      if (fault.stored) await append.write();
      return undefined;
    case 'append.frozen':
      if (fault.stored) await append.write();
      return new Promise(() => {});
    case 'append.new-table':
      throw refuse(fault, 'NOT_FOUND');
    case 'append.updated-schema':
      return {
        ...(await append.write()),
        updatedSchema: toTableSchema(append.table?.schema ?? []),
      };
    case 'append.extra-fields':
      // The error of a service that does not know a new column yet.
      return { error: extraFields(['as scripted'], append.stream).status };
    case 'append.bad-row':
      return refuseBadRows(fault, append);
    default:
      return append.write();
  }
}

export function refuse(fault: Fault, code: NonNullable<Fault['code']>): Refusal {
  return new Refusal(status[fault.code ?? code], `${fault.name}, as scripted`);
}

function badRows(rows: readonly Uint8Array[], { contains = '' }: Fault): number[] {
  return rows.flatMap((row, index) => (Buffer.from(row).includes(contains) ? [index] : []));
}

function refuseBadRows(fault: Fault, { rows, stream }: PendingAppend): Response {
  if (fault.named === false) {
    return { error: { code: status.INVALID_ARGUMENT, message: `${fault.name}, as scripted` } };
  }
  return refuseRows(
    badRows(rows, fault).map((index) => ({ index, message: `${fault.name}, as scripted` })),
    stream,
  );
}
