import { hash } from 'node:crypto';
import type { Row } from '../../shared/columns.ts';
import type { Envelope } from '../../shared/envelope.ts';
import type { Mapping, ValueNote } from '../../shared/shape/map-columns.ts';
import type { RowEncoder } from '../bigquery/encode/encode.ts';
import type { DeliveryTrace } from '../traces/delivery-trace.ts';
import {
  invalid,
  mergeProblems,
  type Problem,
  type Queue,
  type WriteResult,
  withProblem,
} from './write-result.ts';

/** A table as rows are written to it: encoded first, then queued. */
export interface RowTable {
  encoder: Pick<RowEncoder, 'encode'>;
  queue: Pick<Queue<Uint8Array>, 'write'>;
}

export interface RowOptions {
  /** Of a row of a table with a key: of the rows with one key, BigQuery keeps the greatest. */
  sequence?: string | undefined;
  /** Values that did not fit when the event was mapped. */
  notes?: readonly ValueNote[] | undefined;
  /** How the row was written before, if it was. */
  writtenBefore?: 'whole' | 'in part' | undefined;
  /** Of the delivery, if it is sampled. */
  trace?: DeliveryTrace | undefined;
}

/** Encodes a row and queues it, unless it was written before. */
export function writeRow(
  { encoder, queue }: RowTable,
  row: Row,
  { sequence, notes, writtenBefore, trace }: RowOptions = {},
): WriteResult | Promise<WriteResult> {
  const encoded = encoder.encode(row, sequence);
  if (!encoded.ok) {
    return invalid(encoded.column === '' ? { reason: encoded.reason } : toProblem(encoded));
  }
  const problem = problemOf(notes, encoded.notes);
  // A row that was written in part is written again only if all its values fit now.
  if (writtenBefore === 'whole' || (writtenBefore === 'in part' && problem)) {
    return { kind: 'written', rows: 0, ...(problem && { problem }) };
  }
  const result = queue.write(encoded.row, trace);
  return problem ? withProblem(problem, result) : result;
}

/** Writes the row that an event was mapped to. */
export function writeMapping(
  table: RowTable,
  mapping: Mapping,
  options: Omit<RowOptions, 'notes'>,
): WriteResult | Promise<WriteResult> {
  if (mapping.ok) return writeRow(table, mapping.row, { ...options, notes: mapping.notes });
  const { reason, column } = mapping;
  return invalid({ reason, ...(column && { column }) });
}

/** First what the mapping found, then what the encoder found. */
function problemOf(
  mapped: readonly ValueNote[] | undefined,
  encoded: readonly ValueNote[] | undefined,
): Problem | undefined {
  const notes = mapped && encoded ? [...mapped, ...encoded] : (mapped ?? encoded);
  return notes && mergeProblems(notes.map(toProblem));
}

function toProblem({ column, reason }: ValueNote): Problem {
  return { reason: `${column} ${reason}`, column };
}

/** A delivery has fewer events than 2^45, so that the section stays exact. */
const maxReplays = 256;
const DASHES = /-/g;
const HEX_128 = /^[0-9a-f]{32}$/;

/**
 * The `_CHANGE_SEQUENCE_NUMBER` of a row: of the rows with one key, the one received last counts. Within a
 * millisecond the delivery's id decides, the same way on every try; within a delivery the event's index, and of
 * one event the latest replay.
 * The form is BigQuery's: up to four sections of at most 16 hexadecimal digits.
 */
export function changeSequence(
  { receivedAt, deliveryId, replay = 0 }: Envelope,
  event = 0,
): string {
  const id = deliveryId.toLowerCase().replace(DASHES, '');
  const digits = HEX_128.test(id) ? id : hash('sha256', deliveryId).slice(0, 32);
  // A section has no sign. No real envelope is from before 1970.
  const time = Math.max(0, receivedAt);
  const sections = [time.toString(16), digits.slice(0, 16), digits.slice(16)];
  const place = event * maxReplays + Math.min(replay, maxReplays - 1);
  return [...sections, place.toString(16)].join('/');
}
