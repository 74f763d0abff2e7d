import { sep } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type FileFormat, fileFormats, fileLines } from '../history/import/file-lines.ts';
import { type ImportFile, importFiles } from '../history/import/import-files.ts';
import {
  type ImportCounts,
  type ImportDependencies,
  importLines,
  isFileFault,
  noImportCounts,
} from '../history/import/import-lines.ts';
import { type Delimiter, delimiters } from '../shared/delimited/dialect.ts';
import { isEncoding } from '../shared/delimited/encoding.ts';
import { takesNoJson } from '../shared/formats/body-formats.ts';
import { addBigQueryOptions, type BigQueryOptions } from './find/bigquery.ts';
import {
  type CountColumns,
  type CountsReport,
  countsDocument,
  describeCounts,
} from './history/counts-report.ts';
import { addWriteOptions, openRejected, type WriteOptions } from './history/options.ts';
import { openStreamTable, openWriter } from './history/stream-history.ts';
import { jsonOption, printJson } from './terminal/manners.ts';
import { countText, ProgressBar, printAboveBar } from './terminal/progress-bar.ts';

interface ImportCommandOptions extends BigQueryOptions, WriteOptions {
  stream: string;
  format?: FileFormat;
  delimiter?: Delimiter;
  encoding?: string;
  rename: ReadonlyMap<string, string>;
  json: boolean;
}

export function importCommand(): Command {
  const command = new Command('import')
    .description('import events from files; skip those that are already in the table')
    .argument(
      '<path>',
      'a CSV or JSON file (also gzipped), a ZIP of CSVs, a folder of such files, or - for standard input',
    )
    .requiredOption('--stream <name>', 'stream whose table receives the events')
    .addOption(
      new Option(
        '--format <format>',
        'format of the files (default: detected from their content); json is one array',
      ).choices([...fileFormats]),
    )
    .addOption(
      new Option(
        '--delimiter <character>',
        'delimiter of a CSV: , ; | or \\t (default: detected from its header)',
      ).argParser(readDelimiter),
    )
    .addOption(
      new Option(
        '--encoding <name>',
        'encoding of the files, such as windows-1252 (default: UTF-8, or UTF-16 with a byte order mark)',
      ).argParser(readEncoding),
    )
    .addOption(
      new Option('--rename <column=member...>', 'the member of an event that a CSV column fills')
        .argParser(readRename)
        .default(new Map(), 'the column’s own name'),
    );
  return addWriteOptions(addBigQueryOptions(command)).addOption(jsonOption()).action(runImport);
}

function readDelimiter(text: string): Delimiter {
  const delimiter = delimiters.find((one) => one === (text === '\\t' ? '\t' : text));
  if (delimiter !== undefined) return delimiter;
  throw new InvalidArgumentError('a delimiter is one of , ; | and \\t');
}

function readEncoding(text: string): string {
  if (isEncoding(text)) return text;
  throw new InvalidArgumentError('there is no such encoding; an example is windows-1252');
}

function readRename(text: string, before: ReadonlyMap<string, string>): Map<string, string> {
  const [, column, member] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (!column || !member) throw new InvalidArgumentError('a renaming looks like column=member');
  return new Map([...before, [column, member]]);
}

async function runImport(path: string, options: ImportCommandOptions): Promise<void> {
  const stream = await openStreamTable(options.stream, options);
  let bar: ProgressBar | undefined;
  const rejectedRecords = openRejected(options);
  const client = options.dryRun ? undefined : await openWriter(stream, options);
  const imported: [name: string, counts: ImportCounts][] = [];
  let isWhole = true;
  try {
    for await (const file of importFiles(path)) {
      const counts = noImportCounts();
      imported.push([nameWithin(path, file.name), counts]);
      bar = new ProgressBar(file.bytes);
      try {
        await importFile(file, bar, options, { ...stream, client, rejectedRecords, counts });
      } catch (error) {
        // The other files may be good.
        if (!isFileFault(error)) throw error;
        isWhole = false;
        printAboveBar(`${file.name}: ${error.message} (${error.code})`, 'error');
      }
      bar.end();
    }
  } finally {
    bar?.end();
    rejectedRecords.close();
    await client?.close();
    if (imported.length > 0) printCounts(imported, options);
    if (rejectedRecords.count > 0 || !isWhole) process.exitCode = 1;
  }
}

/** A file's name in the table of counts, without the folder that all have in common. */
function nameWithin(path: string, name: string): string {
  const folder = path.endsWith(sep) ? path : path + sep;
  return name.startsWith(folder) ? name.slice(folder.length) : name;
}

async function importFile(
  file: ImportFile,
  bar: ProgressBar,
  { format, delimiter, encoding, rename }: ImportCommandOptions,
  dependencies: Omit<ImportDependencies, 'name'>,
): Promise<void> {
  const { reader } = dependencies;
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of file.open()) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  const lines = fileLines(counted(), {
    delimiter,
    encoding,
    rename,
    asForm: takesNoJson(reader.stream),
    jsonMembers: reader.jsonMembers(),
    onNotice: (notice) => printAboveBar(`${file.name}: ${notice}`),
    ...(format && { format }),
  });
  await importLines(lines, {
    ...dependencies,
    name: file.name,
    onProgress: ({ written }) => bar.show(bytes, () => `${file.name}: ${countText(written)} rows`),
  });
}

const columns = {
  lines: 'lines',
  written: 'written',
  present: 'already there',
  repeated: 'repeated',
  filtered: 'filtered',
  rejected: 'rejected',
} as const satisfies CountColumns<keyof ImportCounts>;

function printCounts(
  imported: readonly (readonly [string, ImportCounts])[],
  { dryRun, rejected, json }: ImportCommandOptions,
): void {
  const isAnyRejected = imported.some(([, counts]) => counts.rejected > 0);
  const report: CountsReport<keyof typeof columns> = {
    of: 'file',
    columns,
    lines: imported,
    dryRun,
    rejected: isAnyRejected ? rejected : undefined,
  };
  if (json) printJson(countsDocument(report));
  else process.stdout.write(describeCounts(report));
}
