import * as v from 'valibot';
import { nameProblem } from '../column-rules.ts';
import type { ColumnType } from '../columns.ts';
import { type Delimiter, delimiters } from '../delimited/dialect.ts';
import { isEncoding } from '../delimited/encoding.ts';
import { ApiUrl } from './check/api-url.ts';

/** What the stream of a source that announces exports may set. */
export interface ExportSettings {
  /**
   * The API that exports are fetched from, https: `https://your-subdomain.absmartly.com`. Not needed where they
   * are read from a bucket, unless a filter has to ask it.
   */
  apiUrl?: string;
  /** Each experiment in a table of its own, `experiment_{id}_exports`, in the dataset of `table`. */
  tablePerExperiment?: boolean;
  /** Only the exports of such experiments are loaded; all that is given must hold. */
  exportFilter?: ExportFilter;
  /** The bucket that exports are stored in, read directly instead of by the API. */
  storage?: ExportStorage;
  /**
   * The table's columns by their names. Without it they are those of the files, each of a type that changes none
   * of its values; `bigquery` leaves the types to BigQuery, which changes some: see docs/exports.md.
   */
  schema?: Readonly<Record<string, CsvColumnType>> | 'bigquery';
  /** That the CSVs are in, as the Encoding Standard names it: `windows-1252`. UTF-8 by default. */
  encoding?: string;
  /** What parts their cells. Found out by default. */
  delimiter?: Delimiter;
}

export interface ExportFilter {
  /** One of the experiment's tags. */
  tag?: string;
  /** The e-mail address of one of its owners. */
  owner?: string;
  /** The name of one of its teams. */
  team?: string;
}

export interface ExportStorage {
  kind: 'gcs' | 's3';
  bucket: string;
  /** What stands before the file's name in the object's key: `exports/`. Nothing by default. */
  prefix?: string;
  /** Another server that speaks the same API; requests to it bear no Google credentials. */
  endpoint?: string;
  /** S3 alone; by default what AWS's own settings say. */
  region?: string;
}

/** A CSV holds no nested column. */
type CsvColumnType = Exclude<ColumnType, 'RECORD'>;

const csvColumnTypes = [
  'STRING',
  'BYTES',
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'TIMESTAMP',
  'DATE',
  'DATETIME',
  'TIME',
  'JSON',
] as const satisfies readonly CsvColumnType[];

const Text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const oneOf = 'must name a tag, an owner or a team';

const ColumnName = v.pipe(
  v.string(),
  v.check(
    (name) => nameProblem(name) === undefined,
    ({ input }) => nameProblem(input) ?? '',
  ),
);

const FixedColumns = v.pipe(
  v.record(ColumnName, v.picklist(csvColumnTypes)),
  v.check((columns) => Object.keys(columns).length > 0, 'must have a column'),
);
const LeftToBigQuery = v.literal('bigquery', "must name columns, or be 'bigquery'");

/** How the settings are parsed: a part of the stream's schema. */
export const exportEntries = {
  apiUrl: v.optional(ApiUrl),
  tablePerExperiment: v.optional(v.boolean()),
  exportFilter: v.optional(
    v.pipe(
      v.strictObject({
        tag: v.optional(Text),
        owner: v.optional(Text),
        team: v.optional(Text),
      }),
      v.check((filter) => Object.keys(filter).length > 0, oneOf),
    ),
  ),
  storage: v.optional(
    v.strictObject({
      kind: v.picklist(['gcs', 's3']),
      bucket: Text,
      prefix: v.optional(v.string()),
      endpoint: v.optional(ApiUrl),
      region: v.optional(Text),
    }),
  ),
  schema: v.optional(
    v.lazy((schema) => (typeof schema === 'string' ? LeftToBigQuery : FixedColumns)),
  ),
  encoding: v.optional(
    v.pipe(v.string(), v.check(isEncoding, 'must be an encoding, such as windows-1252')),
  ),
  delimiter: v.optional(v.picklist(delimiters, "must be ',', ';', a tab or '|'")),
};
