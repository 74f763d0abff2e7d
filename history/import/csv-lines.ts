import { columnNames } from '../../shared/delimited/column-names.ts';
import type { Delimiter } from '../../shared/delimited/dialect.ts';
import { DelimitedReader } from '../../shared/delimited/reader.ts';
import type { ScannedRecord } from '../../shared/delimited/record-scanner.ts';
import { isJson } from '../../shared/json/json-valid.ts';
import { type Line, maxLineBytes } from '../lines/lines.ts';

export interface CsvOptions {
  /** Found out from the header and the first rows where it isn't set. */
  delimiter?: Delimiter | undefined;
  /** As TextDecoder names it; without it the file is UTF-8, or UTF-16 with a byte order mark. */
  encoding?: string | undefined;
  /** Column → the member of the event that it fills; its own name where it isn't listed. */
  rename?: ReadonlyMap<string, string>;
  /** The stream's deliveries are forms, and not JSON. */
  asForm?: boolean;
  /** Members that fill a JSON column: a cell with a JSON object or array is that object or array. */
  jsonMembers?: ReadonlySet<string>;
  /** Hears what a person should know of the file. */
  onNotice?: (notice: string) => void;
}

const linesAtOnce = 500;
const encoder = new TextEncoder();

/**
 * The rows of a CSV as the bodies that the sender would deliver: an object with a member for each named column.
 * An empty cell is null, and `""` an empty text. A column without a name is left out where its cell is empty, and
 * is else `column_3`, by its place.
 *
 * @throws RelayError `delimited.*`
 */
export async function* csvLines(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvOptions = {},
): AsyncGenerator<Line[]> {
  const lines: Line[] = [];
  let toBody: ToBody = () => encoder.encode('{}');
  const { delimiter, encoding } = options;
  const reader = new DelimitedReader(
    { delimiter, encoding, maxRecordBytes: maxLineBytes },
    {
      header(cells) {
        toBody = bodyWriter(cells, options);
      },
      row(record) {
        const own = record.bytes.slice(record.start, record.end);
        lines.push({ number: record.line, bytes: toBody(record), own });
      },
      bad({ line, bytes, problem }) {
        lines.push({ number: line, bytes: bytes.slice(), problem });
      },
    },
  );
  try {
    for await (const chunk of chunks) {
      reader.push(chunk);
      while (lines.length >= linesAtOnce) yield lines.splice(0, linesAtOnce);
    }
    reader.end();
  } catch (error) {
    // What came before is good.
    while (lines.length > 0) yield lines.splice(0, linesAtOnce);
    throw error;
  }
  while (lines.length > 0) yield lines.splice(0, linesAtOnce);
}

type ToBody = (record: ScannedRecord) => Uint8Array;

function bodyWriter(
  header: readonly string[],
  { rename, asForm = false, jsonMembers, onNotice }: CsvOptions,
): ToBody {
  const { names, unnamed, doubled } = columnNames(
    header,
    (cell) => rename?.get(cell.trim()) ?? cell.trim(),
  );
  if (doubled.length > 0) {
    const list = names.filter((name, at) => header[at]?.trim() !== name && !unnamed.includes(at));
    onNotice?.(
      `columns are named twice (${doubled.join(', ')}): the later ones are ${list.join(', ')}`,
    );
  }
  const isNamed = names.map((_, at) => !unnamed.includes(at));
  if (asForm) return (record) => toForm(record, names);
  const members = names.map((name) => `${JSON.stringify(name)}:`);
  const mayBeJson = names.map((name) => jsonMembers?.has(name) ?? false);
  return (record) => {
    const parts: string[] = [];
    for (const [cell, member] of members.entries()) {
      const value = record.value(cell);
      if (value === null && !isNamed[cell]) continue;
      parts.push(member + (mayBeJson[cell] ? jsonOf(value) : JSON.stringify(value)));
    }
    return encoder.encode(`{${parts.join()}}`);
  };
}

/** An object or an array as itself, and all else as a text. */
function jsonOf(value: string | null): string {
  const isNested = value !== null && /^\s*[[{]/.test(value) && isJson(encoder.encode(value));
  return isNested ? value : JSON.stringify(value);
}

function toForm(record: ScannedRecord, names: readonly string[]): Uint8Array {
  const form = new URLSearchParams();
  for (const [cell, name] of names.entries()) {
    const value = record.value(cell);
    if (value !== null) form.append(name, value);
  }
  return encoder.encode(form.toString());
}
