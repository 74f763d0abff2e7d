import { columnNames } from '../../../shared/delimited/column-names.ts';
import { CsvReading, type CsvSettings, type Detected } from './csv-reader.ts';
import type { ArchivedFile } from './zip-archive.ts';

/** A CSV of an archive, and what its beginning tells. */
export interface CsvFile extends ArchivedFile {
  settings: CsvSettings;
  /** The cells of its header; none in an empty file. */
  header: readonly string[];
  /** Of each cell: see columnNames. */
  names: readonly string[];
  /** Cells of the header with nothing in them. */
  unnamed: readonly number[];
  /** Is there a record below the header? */
  hasRows: boolean;
  /** Of the rows at its beginning: of all of them where the file is short. */
  sampled: Detected;
}

const sampleBytes = 1024 * 1024;

/**
 * Reads the header of a CSV and its first rows; inflates no more of it than that takes.
 *
 * @throws RelayError `export.corrupt`, `export.csv`
 */
export async function readCsvFile(file: ArchivedFile, settings: CsvSettings): Promise<CsvFile> {
  const reading = new CsvReading(file, settings);
  let bytes = 0;
  for await (const chunk of reading.read()) {
    bytes += chunk.length;
    if (bytes >= sampleBytes && reading.hasRows && !reading.problem) break;
  }
  const { header, hasRows, detected } = reading;
  const { names, unnamed } = columnNames(header);
  return { ...file, settings, header, names, unnamed, hasRows, sampled: detected };
}
