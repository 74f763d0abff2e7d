/** A column of a result, as the REST API describes it. */
export interface QueryField {
  name: string;
  type: string;
  mode?: string;
  fields?: QueryField[];
}

/** A cell on the wire: text, NULL, the cells of a RECORD, or the elements of a REPEATED column. */
type WireCell = { v: null | string | WireRow | WireCell[] };
export interface WireRow {
  f: WireCell[];
}

export interface QueryResult {
  fields: QueryField[];
  rows: WireRow[];
}

/** The text of each cell; null is NULL. Nothing is rounded, and a nested value is JSON. */
export function cellTexts(result: QueryResult): (string | null)[][] {
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

/** JSON text of a row, with every digit that BigQuery wrote. */
export function rowJson(row: WireRow, fields: QueryField[]): string {
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
  if (typeof cell === 'object') return rowJson(cell, field.fields ?? []);
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

/**
 * An empty cell is NULL and `""` is an empty text, as `import` reads them. In the header, other delimiters and
 * a leading `sep=` are quoted as well, because readers detect the delimiter by them.
 */
export function csvCell(text: string | null, isHeader: boolean): string {
  if (text === null) return '';
  const needsQuotes = isHeader ? /[",;|\t\r\n]|^sep=/i : /[",\r\n]/;
  return text === '' || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
