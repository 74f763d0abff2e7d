import type { ColumnType } from '../columns.ts';
import type { Delimiter } from '../delimited/dialect.ts';

/** The options of a source that announces exports. */
export interface ExportSettings {
  /**
   * The API that exports are fetched from, https. Not needed for exports that are read from a bucket, unless
   * `exportFilter` is set: it asks the API.
   * @example apiUrl: 'https://your-subdomain.absmartly.com'
   */
  apiUrl?: string;
  /**
   * Each experiment gets a table of its own, `experiment_{id}_exports`, in the dataset of `table`.
   * @example tablePerExperiment: true
   */
  tablePerExperiment?: boolean;
  /**
   * Only exports of experiments that match are loaded. All conditions that are given must hold.
   * @example exportFilter: { tag: 'checkout', team: 'Growth' }
   */
  exportFilter?: ExportFilter;
  /**
   * The bucket that exports are stored in. They are read from it directly, instead of through the API.
   * @example storage: { kind: 'gcs', bucket: 'my-exports', prefix: 'exports/' }
   */
  storage?: ExportStorage;
  /**
   * The table's columns by name. Without it the columns are those of the files, each with a type that changes none of
   * its values. `bigquery` leaves the types to BigQuery, which changes some values: see docs/exports.md.
   * @example schema: { experiment_id: 'INT64', unit_id: 'STRING', exposed_at: 'TIMESTAMP' }
   */
  schema?: Readonly<Record<string, CsvColumnType>> | 'bigquery';
  /**
   * The encoding of the CSV files, as the Encoding Standard names it. UTF-8 by default.
   * @example encoding: 'windows-1252'
   */
  encoding?: string;
  /**
   * The delimiter of the CSV files. Detected by default.
   * @example delimiter: ';'
   */
  delimiter?: Delimiter;
}

/** At least one of them. */
export type ExportFilter = AtLeastOne<ExportConditions>;

type AtLeastOne<Options> = {
  [Name in keyof Options]-?: Required<Pick<Options, Name>> & Options;
}[keyof Options];

interface ExportConditions {
  /**
   * One of the experiment's tags.
   * @example tag: 'checkout'
   */
  tag?: string;
  /**
   * The e-mail address of one of its owners.
   * @example owner: 'owner@example.com'
   */
  owner?: string;
  /**
   * The name of one of its teams.
   * @example team: 'Growth'
   */
  team?: string;
}

export interface ExportStorage {
  /**
   * Google Cloud Storage, or S3 and servers that speak its API.
   * @example kind: 's3'
   */
  kind: 'gcs' | 's3';
  /**
   * The bucket's name.
   * @example bucket: 'my-exports'
   */
  bucket: string;
  /**
   * What precedes the file's name in the object's key. Empty by default.
   * @example prefix: 'exports/'
   */
  prefix?: string;
  /**
   * Another server that speaks the same API. Requests to it carry no Google credentials.
   * @example endpoint: 'https://storage.example.com'
   */
  endpoint?: string;
  /**
   * S3 only. By default the region of AWS's own settings.
   * @example region: 'eu-central-1'
   */
  region?: string;
}

/** A CSV holds no nested column. */
export type CsvColumnType = Exclude<ColumnType, 'RECORD'>;
