import { columnNames } from '../../../shared/delimited/column-names.ts';
import { CsvReader, type CsvSettings, type Detected } from './csv-reader.ts';
import type { ArchivedFile } from './zip-archive.ts';

/** A CSV of an archive, with what its beginning shows. */
export interface CsvFile extends ArchivedFile {
  settings: CsvSettings;
  /** Empty in an empty file. */
  header: readonly string[];
  /** The column name of each cell: see columnNames. */
  names: readonly string[];
  /** Empty cells of the header. */
  unnamed: readonly number[];
  hasRows: boolean;
  /** Of the rows at its beginning; of all rows if the file is short. */
  sampled: Detected;
}

const sampleBytes = 1024 * 1024;

/**
 * Reads the header and the first rows of a CSV, and inflates no more than that.
 *
 * @throws RelayError `export.corrupt`, `export.csv`
 */
export async function readCsvFile(file: ArchivedFile, settings: CsvSettings): Promise<CsvFile> {
  const reader = new CsvReader(file, settings);
  let bytes = 0;
  for await (const chunk of reader.read()) {
    bytes += chunk.length;
    if (bytes >= sampleBytes && reader.hasRows && !reader.problem) break;
  }
  const { header, hasRows, detected } = reader;
  const { names, unnamed } = columnNames(header);
  return { ...file, settings, header, names, unnamed, hasRows, sampled: detected };
}
