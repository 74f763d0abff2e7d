import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { BigQueryError } from '../../errors.ts';
import type { Field, FieldType } from '../../tables/schema.ts';
import { type ExactJson, jsonToCells, NumberText, parseExactJson } from '../../values/json-row.ts';
import { SAMPLE_ROWS } from './autodetect.ts';
import { headerName } from './column-name.ts';
import { type FileRow, type LoadFile, problem } from './load-file.ts';
import type { LoadOptions } from './load-options.ts';

const BATCH = 1000;

/** Opens a file with one JSON object per line. */
export async function openJson(
  file: string,
  options: LoadOptions,
  tableSchema: Field[] | undefined,
): Promise<LoadFile> {
  const detected = options.autodetect && !options.schema && !tableSchema;
  const schema = options.schema ?? tableSchema ?? (detected ? await detect(file) : undefined);
  if (schema === undefined) {
    throw new BigQueryError('invalid', 'No schema specified on job or table.');
  }
  return {
    schema,
    async *rows() {
      let batch: FileRow[] = [];
      for await (const { text, line } of readLines(file)) {
        batch.push(toRow(text, line, schema, options));
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
      yield batch;
    },
  };
}

async function* readLines(file: string): AsyncGenerator<{ text: string; line: number }> {
  const input = createReadStream(file, { encoding: 'utf8' });
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    const clean = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (clean.trim() !== '') yield { text: clean, line };
  }
}

function toRow(
  text: string,
  line: number,
  schema: readonly Field[],
  options: LoadOptions,
): FileRow {
  let json: ExactJson;
  try {
    json = parseExactJson(text);
  } catch {
    return problem(
      `JSON parsing error in row starting at line_number: ${line}: Parser terminated before end of string`,
    );
  }
  const cells = jsonToCells(schema, json, {
    ignoreUnknownValues: options.ignoreUnknownValues,
    jsonStrings: 'value',
  });
  if (Array.isArray(cells)) return { cells };
  return problem(
    `JSON processing encountered an error at line_number: ${line}, field ${cells.path}: ${cells.reason}`,
  );
}

async function detect(file: string): Promise<Field[]> {
  const columns = new Map<string, FieldType>();
  let seen = 0;
  for await (const { text, line } of readLines(file)) {
    const row = readObject(text, line);
    for (const [name, value] of Object.entries(row)) {
      const type = value === null ? undefined : typeOf(value);
      const known = columns.get(name);
      if (type === undefined) continue;
      if (known === undefined || known === type) columns.set(name, type);
      else columns.set(name, isNumber(known) && isNumber(type) ? 'FLOAT' : 'STRING');
    }
    seen += 1;
    if (seen === SAMPLE_ROWS) break;
  }
  return [...columns].map(([name, type]) => ({
    name: headerName(name, undefined),
    type,
    mode: 'NULLABLE',
  }));
}

function readObject(text: string, line: number): { [key: string]: ExactJson } {
  try {
    const json = parseExactJson(text);
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    return isObject && !(json instanceof NumberText) ? json : {};
  } catch (cause) {
    const message = `Error while reading data, error message: JSON parsing error in row starting at line_number: ${line}`;
    throw new BigQueryError('invalid', message, { cause });
  }
}

function isNumber(type: FieldType): boolean {
  return type === 'INTEGER' || type === 'FLOAT';
}

/** Objects and arrays become JSON columns, because later rows may have other members. */
function typeOf(value: Exclude<ExactJson, null>): FieldType {
  if (value instanceof NumberText) return /^-?\d{1,18}$/.test(value.text) ? 'INTEGER' : 'FLOAT';
  if (typeof value === 'boolean') return 'BOOLEAN';
  return typeof value === 'string' ? 'STRING' : 'JSON';
}
