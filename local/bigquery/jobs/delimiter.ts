import { open } from 'node:fs/promises';
import { BigQueryError } from '../errors.ts';
import { type CsvOptions, CsvParser } from './csv-parser.ts';

/** "BigQuery detects the following delimiters": https://cloud.google.com/bigquery/docs/schema-detect */
const DELIMITERS = [',', '|', '\t'] as const;
const SAMPLE_BYTES = 64 * 1024;

/** The delimiter that parts the most of the first records into as many cells as the first one has. */
export async function detectDelimiter(
  file: string,
  options: Omit<CsvOptions, 'delimiter'>,
): Promise<string> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle
    .read(Buffer.alloc(SAMPLE_BYTES))
    .finally(() => handle.close());
  const sample = buffer.toString('utf8', 0, bytesRead);
  const isWhole = bytesRead < SAMPLE_BYTES;
  let best: { delimiter: string; share: number } = { delimiter: ',', share: 0 };
  for (const delimiter of DELIMITERS) {
    const share = shareOf(sample, isWhole, { ...options, delimiter });
    if (share > best.share) best = { delimiter, share };
  }
  return best.delimiter;
}

/** 0 where the first record is one cell, or where it is no CSV by this delimiter. */
function shareOf(sample: string, isWhole: boolean, options: CsvOptions): number {
  const parser = new CsvParser(options);
  try {
    const records = [...parser.push(sample), ...(isWhole ? parser.end() : [])];
    const [width = 0, ...rest] = records.map(({ cells }) => cells.length);
    if (width < 2) return 0;
    return rest.length === 0 ? 1 : rest.filter((other) => other === width).length / rest.length;
  } catch (cause) {
    if (cause instanceof BigQueryError) return 0;
    throw cause;
  }
}
