// TIMESTAMP with timestampPrecision 12, which senders write as text. The store keeps microseconds, so that
// finer values are refused by name. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables

import type { Cell } from '../../tables/cell.ts';
import type { Field } from '../../tables/schema.ts';
import { parseText } from '../../values/parse-text.ts';
import { BadRow } from '../refusals.ts';

const PICOSECONDS = 12;
/** Six digits of a fraction, and those that are finer. */
const FRACTION = /(\.\d{6})(\d{1,6})(?!\d)/;

export function hasPicoseconds({ type, extra }: Field): boolean {
  return type === 'TIMESTAMP' && Number(extra?.['timestampPrecision']) === PICOSECONDS;
}

/** Microseconds. Throws a BadRow for a text that is no TIMESTAMP, or finer than a microsecond. */
export function timestampFromText(text: string): Cell {
  const finer = FRACTION.exec(text)?.[2] ?? '';
  if (/[1-9]/.test(finer)) {
    throw new BadRow(
      '',
      'TIMESTAMP values finer than a microsecond are not supported by the local server, which keeps timestampPrecision 6',
    );
  }
  const cell = parseText('TIMESTAMP', text.replace(FRACTION, '$1'));
  if (cell === undefined) throw new BadRow('', 'The text is not a valid TIMESTAMP');
  return cell;
}
