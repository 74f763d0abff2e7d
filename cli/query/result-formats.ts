import { terminalJson, terminalText } from '../../shared/terminal-text.ts';
import { drawTable } from '../terminal/draw-table.ts';

/** A column of a result, as the REST API describes it. */
interface QueryField {
  name: string;
  type: string;
  mode?: string;
  fields?: QueryField[];
}

/** A cell on the wire: text, NULL, the cells of a RECORD, or the elements of a REPEATED column. */
type WireCell = { v: null | string | WireRow | WireCell[] };
interface WireRow {
  f: WireCell[];
}

export interface QueryResult {
  fields: QueryField[];
  rows: WireRow[];
}

export type FormatName = 'table' | 'json' | 'csv';

/** Where a result is printed. */
export interface Printed {
  /** Of the terminal, in characters. If a row is wider, each column gets its own line. */
  width?: number | undefined;
  /** Standard output is a terminal. */
  onTerminal?: boolean;
}

/**
 * How a result is printed, by the name of the format. Control characters are escaped in a table and in JSON,
 * where that changes no value. CSV has no escapes, so there they are replaced only on a terminal.
 */
export const formats: Record<FormatName, (result: QueryResult, printed?: Printed) => string> = {
  table(result, { width = Number.POSITIVE_INFINITY } = {}) {
    if (result.fields.length === 0) return 'Done: no rows to show.\n';
    const names = result.fields.map((field) => field.name);
    const rows = texts(result).map((row) => row.map((text) => text ?? 'NULL'));
    const table = drawTable([names, ...rows], [], Number.POSITIVE_INFINITY);
    return table.indexOf('\n') <= width
      ? table
      : rows.map((row) => listColumns(names, row)).join('\n');
  },
  json(result) {
    const rows = result.rows.map((row) => `\n${toJson(row, result.fields)}`);
    return terminalJson(`[${rows.join(',')}\n]\n`);
  },
  csv(result, { onTerminal = false } = {}) {
    const names = result.fields.map((field) => field.name);
    const line = (cells: readonly (string | null)[], isHeader: boolean) => {
      const safe = onTerminal ? cells.map((text) => text && terminalText(text)) : cells;
      return `${safe.map((text) => csvCell(text, isHeader)).join(',')}\n`;
    };
    return (
      line(names, true) +
      texts(result)
        .map((row) => line(row, false))
        .join('')
    );
  },
};

/**
 * An empty cell is NULL and `""` is an empty text, as `import` reads them. In the header, other delimiters and
 * a leading `sep=` are quoted as well, because readers detect the delimiter by them.
 */
function csvCell(text: string | null, isHeader: boolean): string {
  if (text === null) return '';
  const needsQuotes = isHeader ? /[",;|\t\r\n]|^sep=/i : /[",\r\n]/;
  return text === '' || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function listColumns(columns: string[], row: string[]): string {
  const names = columns.map(terminalText);
  const longest = Math.max(...names.map((name) => name.length));
  return names
    .map((name, index) => `${name.padStart(longest)}  ${terminalText(row[index] ?? '')}\n`)
    .join('');
}

function texts(result: QueryResult): (string | null)[][] {
  return result.rows.map((row) =>
    result.fields.map((field, index) => {
      const cell = row.f[index]?.v ?? null;
      if (cell === null) return null;
      return typeof cell === 'string' && isScalar(field)
        ? scalarText(cell, field)
        : toJsonCell(cell, field);
    }),
  );
}

function isScalar(field: QueryField): boolean {
  return field.mode !== 'REPEATED' && field.type !== 'RECORD' && field.type !== 'STRUCT';
}

function scalarText(cell: string, field: QueryField): string {
  return field.type === 'TIMESTAMP' ? timestampText(cell) : cell;
}

/** Microseconds since 1970, as ISO 8601. */
function timestampText(microseconds: string): string {
  const micros = BigInt(microseconds);
  const second = (micros - (((micros % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n;
  const fraction = micros - second * 1_000_000n;
  const seconds = new Date(Number(second) * 1000).toISOString().slice(0, 19);
  return fraction === 0n
    ? `${seconds}Z`
    : `${seconds}.${fraction.toString().padStart(6, '0').replace(/0+$/, '')}Z`;
}

function toJson(row: WireRow, fields: QueryField[]): string {
  const members = fields.map(
    (field, index) => `${JSON.stringify(field.name)}:${toJsonCell(row.f[index]?.v ?? null, field)}`,
  );
  return `{${members.join(',')}}`;
}

/** JSON text of a cell. Numbers and JSON columns keep every digit that BigQuery wrote. */
function toJsonCell(cell: WireCell['v'], field: QueryField): string {
  if (cell === null) return 'null';
  if (Array.isArray(cell)) {
    const element = { ...field, mode: 'NULLABLE' };
    return `[${cell.map((item) => toJsonCell(item.v, element)).join(',')}]`;
  }
  if (typeof cell === 'object') return toJson(cell, field.fields ?? []);
  switch (field.type) {
    case 'INTEGER':
    case 'INT64':
    case 'BOOLEAN':
    case 'BOOL':
    case 'JSON':
      return cell;
    case 'FLOAT':
    case 'FLOAT64':
      return Number.isFinite(Number(cell)) ? cell : JSON.stringify(cell);
    default:
      return JSON.stringify(scalarText(cell, field));
  }
}
