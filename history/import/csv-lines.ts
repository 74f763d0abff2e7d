import { columnNames } from '../../shared/delimited/column-names.ts';
import type { Delimiter } from '../../shared/delimited/dialect.ts';
import { DelimitedReader } from '../../shared/delimited/reader.ts';
import type { ScannedRecord } from '../../shared/delimited/record-scanner.ts';
import { isJson } from '../../shared/json/json-valid.ts';
import { type Line, maxLineBytes } from '../lines/lines.ts';

export interface CsvOptions {
  /** Detected from the header and the first rows if not set. */
  delimiter?: Delimiter | undefined;
  /** As TextDecoder names it. By default UTF-8, or UTF-16 with a byte order mark. */
  encoding?: string | undefined;
  /** Column → member of the event; a column that isn't listed keeps its name. */
  rename?: ReadonlyMap<string, string>;
  /** The stream's deliveries are forms, not JSON. */
  asForm?: boolean;
  /** Members that fill a JSON column. A cell of them with a JSON object or array becomes that object or array. */
  jsonMembers?: ReadonlySet<string>;
  /** Called with what a person should know about the file. */
  onNotice?: (notice: string) => void;
}

const batchLines = 500;
const encoder = new TextEncoder();

/**
 * The rows of a CSV as the bodies that the sender would deliver: an object with a member for each column. An empty
 * cell is null, and `""` is an empty text. A column without a name is `column_3`, by its position, and is left
 * out where its cell is empty.
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
        const original = record.bytes.slice(record.start, record.end);
        lines.push({ number: record.line, bytes: toBody(record), original });
      },
      bad({ line, bytes, problem }) {
        lines.push({ number: line, bytes: bytes.slice(), problem });
      },
    },
  );
  try {
    for await (const chunk of chunks) {
      reader.push(chunk);
      while (lines.length >= batchLines) yield lines.splice(0, batchLines);
    }
    reader.end();
  } catch (error) {
    // The lines before the error are good.
    while (lines.length > 0) yield lines.splice(0, batchLines);
    throw error;
  }
  while (lines.length > 0) yield lines.splice(0, batchLines);
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

/** A JSON object or array stays as it is; anything else becomes a string. */
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
