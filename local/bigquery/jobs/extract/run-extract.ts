import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { BigQueryError } from '../../errors.ts';
import { tableSchema } from '../../query/ddl/create-table.ts';
import { type RestRow, restRow } from '../../query/results/rest-values.ts';
import type { ResultField } from '../../query/results/result-schema.ts';
import { runQuery } from '../../query/run-query.ts';
import { asArray, asObject, asText, type JsonObject } from '../../rest/http/json.ts';
import type { Store } from '../../storage/store.ts';
import { fileOfUri } from '../load/source-files.ts';
import { writeAvro } from './avro-output.ts';
import { writeParquet } from './parquet-output.ts';

const STEP = 1000;
const FORMATS = ['CSV', 'NEWLINE_DELIMITED_JSON', 'AVRO', 'PARQUET'] as const;

export interface ExtractOptions {
  /** As `project.dataset.table`. */
  table: string;
  uri: string;
  format: (typeof FORMATS)[number];
  compression: string;
  delimiter: string;
  header: boolean;
}

/** `configuration.extract` of a job. Throws required and notImplemented. */
export function readExtract(projectId: string, extract: JsonObject): ExtractOptions {
  const source = asObject(extract['sourceTable']);
  const [datasetId, tableId] = [asText(source['datasetId']), asText(source['tableId'])];
  if (!datasetId || !tableId) {
    throw new BigQueryError('required', 'Required parameter is missing: sourceTable');
  }
  const uri = asText(extract['destinationUri']) ?? asText(asArray(extract['destinationUris'])[0]);
  if (uri === undefined) {
    throw new BigQueryError('required', 'Required parameter is missing: destinationUris');
  }
  const given = asText(extract['destinationFormat']) ?? 'CSV';
  const format = FORMATS.find((known) => known === given);
  if (format === undefined) {
    throw new BigQueryError(
      'notImplemented',
      `Extracting ${given} is not supported by the local server`,
    );
  }
  return {
    table: `${asText(source['projectId']) ?? projectId}.${datasetId}.${tableId}`,
    uri,
    format,
    compression: asText(extract['compression']) ?? 'NONE',
    delimiter: asText(extract['fieldDelimiter']) ?? ',',
    header: String(extract['printHeader']) !== 'false',
  };
}

/** Writes a table into a file of the folder that stands for Cloud Storage. Returns the job's statistics. */
export async function runExtract(
  store: Store,
  projectId: string,
  options: ExtractOptions,
  folder: string,
): Promise<JsonObject> {
  const { table, uri, format, compression, delimiter, header } = options;
  const result = await runQuery(store, {
    sql: `SELECT * FROM \`${table}\``,
    scope: { projectId },
    parameters: [],
  });
  const { schema, rows } = result;
  if (
    format === 'CSV' &&
    schema.some(({ mode, type }) => mode === 'REPEATED' || type === 'RECORD')
  ) {
    throw new BigQueryError('invalid', 'Operation cannot be performed on a nested schema');
  }
  const file = fileOfUri(folder, uri.replace('*', '000000000000'));
  await mkdir(dirname(file), { recursive: true });
  const done = {
    destinationUriFileCounts: ['1'],
    inputBytes: String(result.bytesRead?.processed ?? 0),
  };
  if (format === 'AVRO') {
    await writeAvro(file, schema, rows, compression);
    return done;
  }
  if (format === 'PARQUET') {
    await writeParquet(file, tableSchema(schema), rows, compression);
    return done;
  }
  const output = openOutput(file, compression);
  if (format === 'CSV' && header) {
    await write(
      output.stream,
      `${schema.map(({ name }) => csvField(name, delimiter)).join(delimiter)}\n`,
    );
  }
  for (let at = 0; at < rows.count; at += STEP) {
    const lines = rows.slice(at, Math.min(at + STEP, rows.count)).map((values) => {
      const row = restRow(schema, values, 'ISO8601_STRING');
      return format === 'CSV'
        ? csvLine(schema, row, delimiter)
        : JSON.stringify(jsonRow(schema, row));
    });
    await write(output.stream, `${lines.join('\n')}\n`);
  }
  output.stream.end();
  await output.done;
  return done;
}

function openOutput(
  file: string,
  compression: string,
): { stream: Writable; done: Promise<unknown> } {
  const target = createWriteStream(file);
  const done = once(target, 'close');
  if (compression === 'NONE') return { stream: target, done };
  if (compression !== 'GZIP')
    throw new BigQueryError(
      'notImplemented',
      `The compression ${compression} is not supported by the local server`,
    );
  const gzip = createGzip();
  gzip.pipe(target);
  return { stream: gzip, done };
}

async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}

function csvLine(schema: readonly ResultField[], row: RestRow, delimiter: string): string {
  return row.f
    .map(({ v }, index) =>
      csvField(v === null ? '' : scalarText(schema[index], v as string), delimiter),
    )
    .join(delimiter);
}

/** A TIMESTAMP as `2024-01-02 03:04:05 UTC`. */
function scalarText(field: ResultField | undefined, value: string): string {
  if (field?.type === 'TIMESTAMP') return value.replace('T', ' ').replace(/Z$/, ' UTC');
  return value;
}

function csvField(text: string, delimiter: string): string {
  return text.includes(delimiter) || /["\r\n]/.test(text)
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}

type Extracted = null | string | number | boolean | Extracted[] | { [name: string]: Extracted };

function jsonRow(schema: readonly ResultField[], row: RestRow): Extracted {
  return Object.fromEntries(
    schema
      .map((field, index) => [field.name, jsonValue(field, row.f[index]?.v ?? null)] as const)
      .filter(([, value]) => value !== null),
  );
}

function jsonValue(field: ResultField, value: RestRow['f'][number]['v']): Extracted {
  if (value === null) return null;
  if (Array.isArray(value))
    return value.map(({ v }) => jsonValue({ ...field, mode: 'NULLABLE' }, v));
  if (typeof value !== 'string') return jsonRow(field.fields ?? [], value);
  if (field.type === 'BOOLEAN') return value === 'true';
  if (field.type === 'FLOAT') return Number.isFinite(Number(value)) ? Number(value) : value;
  if (field.type === 'JSON') return JSON.parse(value) as Extracted;
  return scalarText(field, value);
}
