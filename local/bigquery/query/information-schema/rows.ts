import { writeString } from '../../sql/lexer.ts';

/** A row of an INFORMATION_SCHEMA view, as GoogleSQL expressions by column. */
export type ViewRow = Record<string, string>;

export function text(value: string | undefined): string {
  return value === undefined ? 'CAST(NULL AS STRING)' : writeString(value);
}

export function instant(ms: number | undefined): string {
  return ms === undefined ? 'CAST(NULL AS TIMESTAMP)' : `TIMESTAMP_MILLIS(${Math.floor(ms)})`;
}

export function yesNo(value: boolean): string {
  return value ? "'YES'" : "'NO'";
}

export function integer(value: number | bigint | undefined): string {
  return value === undefined ? 'CAST(NULL AS INT64)' : String(value);
}

/** GoogleSQL that selects the rows, each of them or a query for several; `sample` gives the columns where there are none. */
export function selectRows(rows: readonly (ViewRow | string)[], sample: ViewRow): string {
  const select = (row: ViewRow | string) =>
    typeof row === 'string'
      ? row
      : `SELECT ${Object.entries(row)
          .map(([column, value]) => `${value} AS ${column}`)
          .join(', ')}`;
  if (rows.length === 0) return `SELECT * FROM (${select(sample)}) AS sample WHERE FALSE`;
  return rows.map(select).join(' UNION ALL ');
}
