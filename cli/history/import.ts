import { Command, InvalidArgumentError, Option } from 'commander';
import { type FileFormat, fileFormats, fileLines } from '../../history/import/file-lines.ts';
import { type ImportFile, importFiles } from '../../history/import/import-files.ts';
import {
  type ImportCounts,
  type ImportDependencies,
  importLines,
  isFileFault,
  noImportCounts,
} from '../../history/import/import-lines.ts';
import { describeReject, Rejects } from '../../history/lines/rejected-records.ts';
import { type Delimiter, delimiters } from '../../shared/delimited/dialect.ts';
import { isEncoding } from '../../shared/delimited/encoding.ts';
import { takesNoJson } from '../../shared/formats/body-formats.ts';
import { relay } from '../../tributary.config.ts';
import { countText, ProgressBar, sayAbove } from '../terminal/progress-bar.ts';
import { type CountColumns, describeCounts } from './counts-report.ts';
import { addPlaceOptions, type PlaceOptions } from './history-options.ts';
import { findTable, openForWriting } from './history-place.ts';

interface ImportCommandOptions extends PlaceOptions {
  stream: string;
  format?: FileFormat;
  delimiter?: Delimiter;
  encoding?: string;
  rename: ReadonlyMap<string, string>;
  dryRun: boolean;
  rejects?: string;
  strict: boolean;
}

export function importCommand(): Command {
  const command = new Command('import')
    .description("write what files hold and the stream's table has not")
    .argument('<path>', 'a CSV or JSON file (gzip too), a ZIP of CSVs, a folder of them, or -')
    .requiredOption('--stream <name>', 'the stream whose table they go into')
    .addOption(
      new Option(
        '--format <format>',
        'of the files (default: told by their beginning); json is an array',
      ).choices([...fileFormats]),
    )
    .addOption(
      new Option(
        '--delimiter <character>',
        'between the cells of a CSV: , ; | or \\t (default: told by its header)',
      ).argParser(readDelimiter),
    )
    .addOption(
      new Option(
        '--encoding <name>',
        'of the files, such as windows-1252 (default: UTF-8, or UTF-16 by its mark)',
      ).argParser(readEncoding),
    )
    .addOption(
      new Option('--rename <column=member...>', 'the member of an event that a CSV column fills')
        .argParser(readRename)
        .default(new Map(), 'the column’s own name'),
    );
  return addPlaceOptions(command)
    .option('--dry-run', 'write nothing, and tell what would be', false)
    .option('--rejects <file>', 'keep the lines that can never become rows, as JSONL')
    .option('--strict', 'stop at the first such line', false)
    .action(runImport);
}

function readDelimiter(text: string): Delimiter {
  const delimiter = delimiters.find((one) => one === (text === '\\t' ? '\t' : text));
  if (delimiter !== undefined) return delimiter;
  throw new InvalidArgumentError('a delimiter is one of , ; | and \\t');
}

function readEncoding(text: string): string {
  if (isEncoding(text)) return text;
  throw new InvalidArgumentError('there is no such encoding; one is windows-1252');
}

function readRename(text: string, before: ReadonlyMap<string, string>): Map<string, string> {
  const [, column, member] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (!column || !member) throw new InvalidArgumentError('say column=member');
  return new Map([...before, [column, member]]);
}

async function runImport(path: string, options: ImportCommandOptions): Promise<void> {
  const place = findTable(relay, options.stream, options);
  let bar: ProgressBar | undefined;
  const rejects = new Rejects({
    ...(options.rejects !== undefined && { file: options.rejects }),
    strict: options.strict,
    onReject: (reject) => sayAbove(describeReject(reject)),
  });
  const client = options.dryRun ? undefined : await openForWriting(relay, place, options);
  const imported: [name: string, counts: ImportCounts][] = [];
  let isWhole = true;
  try {
    for await (const file of importFiles(path)) {
      const counts = noImportCounts();
      imported.push([file.name, counts]);
      bar = new ProgressBar(file.bytes);
      try {
        await importFile(file, bar, options, { ...place, client, rejects, counts });
      } catch (error) {
        // The others may be good.
        if (!isFileFault(error)) throw error;
        isWhole = false;
        sayAbove(`${file.name}: ${error.message}`);
      }
      bar.end();
    }
  } finally {
    bar?.end();
    rejects.close();
    await client?.close();
    if (imported.length > 0) process.stdout.write(toText(imported, options));
    if (rejects.count > 0 || !isWhole) process.exitCode = 1;
  }
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
    onNotice: (notice) => sayAbove(`${file.name}: ${notice}`),
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
  present: 'there already',
  repeated: 'repeated',
  filtered: 'filtered',
  rejected: 'rejected',
} as const satisfies CountColumns<keyof ImportCounts>;

function toText(
  imported: readonly (readonly [string, ImportCounts])[],
  { dryRun, rejects }: ImportCommandOptions,
): string {
  const isAnyRejected = imported.some(([, counts]) => counts.rejected > 0);
  return describeCounts({
    of: 'file',
    columns,
    lines: imported,
    dryRun,
    rejects: isAnyRejected ? rejects : undefined,
  });
}
