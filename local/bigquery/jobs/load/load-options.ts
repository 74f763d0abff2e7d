import { BigQueryError } from '../../errors.ts';
import type { Destination } from '../../query/destination.ts';
import {
  asArray,
  asCount,
  asObject,
  asText,
  isTrue,
  type JsonObject,
} from '../../rest/http/json.ts';
import { readFields } from '../../rest/http/schema-json.ts';
import { splitDecorator } from '../../tables/partitions.ts';
import type { Field, Table, TableRef, TimePartitioning } from '../../tables/schema.ts';
import type { CharacterMap } from './column-name.ts';
import type { CsvOptions } from './csv-parser.ts';

export interface LoadOptions {
  destination: TableRef;
  /** Of `table$20260101`. */
  partition?: string | undefined;
  format: 'CSV' | 'NEWLINE_DELIMITED_JSON' | 'PARQUET' | 'AVRO';
  /** The columns that the job declares, in the file's order. */
  schema?: Field[];
  autodetect: boolean;
  write: 'WRITE_APPEND' | 'WRITE_EMPTY' | 'WRITE_TRUNCATE';
  createIfNeeded: boolean;
  allowFieldAddition: boolean;
  allowFieldRelaxation: boolean;
  maxBadRecords: number;
  ignoreUnknownValues: boolean;
  useAvroLogicalTypes: boolean;
  /** Partitioning and clustering of a table that the job creates. */
  layout: Partial<Table>;
  csv: Omit<CsvOptions, 'delimiter'> & {
    /** Undefined if the job has none. */
    delimiter: string | undefined;
    /** Undefined if detection decides. */
    skipLeadingRows: number | undefined;
    allowJaggedRows: boolean;
    nullMarkers: ReadonlySet<string>;
    matchByName: boolean | undefined;
    preserveAsciiControl: boolean;
    columnNameCharacters: CharacterMap | undefined;
  };
}

/** `configuration.load` of a job. Throws invalid and notImplemented. */
export function readLoadOptions(load: JsonObject): LoadOptions {
  const updates = new Set(asArray(load['schemaUpdateOptions']).map(String));
  return {
    ...readDestination(asObject(load['destinationTable'])),
    format: readFormat(asText(load['sourceFormat']) ?? 'CSV'),
    ...(load['schema'] && { schema: readFields(asObject(load['schema'])['fields']) }),
    autodetect: isTrue(load['autodetect']),
    write: readWrite(asText(load['writeDisposition']) ?? 'WRITE_APPEND'),
    createIfNeeded: load['createDisposition'] !== 'CREATE_NEVER',
    allowFieldAddition: updates.has('ALLOW_FIELD_ADDITION'),
    allowFieldRelaxation: updates.has('ALLOW_FIELD_RELAXATION'),
    maxBadRecords: asCount(load['maxBadRecords']) ?? 0,
    ignoreUnknownValues: isTrue(load['ignoreUnknownValues']),
    useAvroLogicalTypes: isTrue(load['useAvroLogicalTypes']),
    layout: readLayout(load),
    csv: readCsv(load),
  };
}

function readDestination(ref: JsonObject): { destination: TableRef; partition?: string } {
  const { projectId, datasetId, tableId } = ref;
  if (!asText(datasetId) || !asText(tableId)) {
    throw new BigQueryError('required', 'Required parameter is missing: destinationTable');
  }
  const { partition, ...table } = splitDecorator(asText(tableId) ?? '');
  const destination = {
    projectId: asText(projectId) ?? '',
    datasetId: asText(datasetId) ?? '',
    ...table,
  };
  return { destination, ...(partition !== undefined && { partition }) };
}

/** `destinationTable` of a query job, and what belongs to it. */
export function readQueryDestination(projectId: string, query: JsonObject): Destination {
  const { destination: table, partition } = readDestination(asObject(query['destinationTable']));
  table.projectId ||= projectId;
  const updates = new Set(asArray(query['schemaUpdateOptions']).map(String));
  return {
    table,
    ...(partition !== undefined && { partition }),
    write: readWrite(asText(query['writeDisposition']) ?? 'WRITE_EMPTY'),
    createIfNeeded: query['createDisposition'] !== 'CREATE_NEVER',
    allowFieldAddition: updates.has('ALLOW_FIELD_ADDITION'),
    allowFieldRelaxation: updates.has('ALLOW_FIELD_RELAXATION'),
    layout: readLayout(query),
  };
}

function readFormat(format: string): LoadOptions['format'] {
  const formats = ['CSV', 'NEWLINE_DELIMITED_JSON', 'PARQUET', 'AVRO'] as const;
  const found = formats.find((known) => known === format);
  if (found !== undefined) return found;
  throw new BigQueryError(
    'notImplemented',
    `The source format ${format} is not supported by the local server`,
  );
}

function readWrite(write: string): LoadOptions['write'] {
  if (write === 'WRITE_APPEND' || write === 'WRITE_EMPTY' || write === 'WRITE_TRUNCATE')
    return write;
  throw new BigQueryError('invalid', `Invalid value for writeDisposition: ${write}`);
}

function readLayout(load: JsonObject): Partial<Table> {
  const fields = asArray(asObject(load['clustering'])['fields']).map(String);
  return {
    ...(load['timePartitioning'] && {
      timePartitioning: { type: 'DAY', ...asObject(load['timePartitioning']) } as TimePartitioning,
    }),
    ...(fields.length > 0 && { clustering: { fields } }),
  };
}

function readCsv(load: JsonObject): LoadOptions['csv'] {
  const delimiter = asText(load['fieldDelimiter']) || undefined;
  const match = asText(load['sourceColumnMatch']);
  const markers = asArray(load['nullMarkers']).map(String);
  const quote = asText(load['quote']) ?? '"';
  if (quote.length > 1) throw new BigQueryError('invalid', 'The quote must be one character');
  return {
    delimiter: /^(?:tab|\\t)$/i.test(delimiter ?? '') ? '\t' : delimiter?.slice(0, 1),
    quote,
    allowQuotedNewlines: isTrue(load['allowQuotedNewlines']),
    skipLeadingRows: asCount(load['skipLeadingRows']),
    allowJaggedRows: isTrue(load['allowJaggedRows']),
    nullMarkers: new Set(markers.length > 0 ? markers : [asText(load['nullMarker']) ?? '']),
    matchByName: match === 'NAME' ? true : match === 'POSITION' ? false : undefined,
    preserveAsciiControl: isTrue(load['preserveAsciiControlCharacters']),
    columnNameCharacters: readCharacterMap(load),
  };
}

function readCharacterMap(load: JsonObject): CharacterMap | undefined {
  const map = asText(load['columnNameCharacterMap']) ?? 'COLUMN_NAME_CHARACTER_MAP_UNSPECIFIED';
  if (map === 'COLUMN_NAME_CHARACTER_MAP_UNSPECIFIED') return undefined;
  if (!['CSV', 'PARQUET'].includes(asText(load['sourceFormat']) ?? 'CSV')) {
    throw new BigQueryError('invalid', 'columnNameCharacterMap is only for CSV and Parquet files');
  }
  if (map === 'STRICT' || map === 'V1' || map === 'V2') return map;
  throw new BigQueryError('invalid', `Invalid value for columnNameCharacterMap: ${map}`);
}
