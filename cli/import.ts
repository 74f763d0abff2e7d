import { Command, InvalidArgumentError, Option } from 'commander';
import { takesNoJson } from '../shared/formats/names.ts';
import { type FileFormat, fileLines } from '../subscriber/backfill/file-lines.ts';
import { type ImportFile, importFiles } from '../subscriber/backfill/import-files.ts';
import {
  type ImportCounts,
  type ImportDependencies,
  importLines,
} from '../subscriber/backfill/import-lines.ts';
import { describeReject, Rejects } from '../subscriber/backfill/rejects.ts';
import { relay } from '../tributary.config.ts';
import { type CountColumns, describeCounts } from './counts-report.ts';
import { addPlaceOptions, type PlaceOptions } from './history-options.ts';
import { findTable, openForWriting } from './history-place.ts';
import { countText, ProgressBar, sayAbove } from './progress-bar.ts';

interface ImportCommandOptions extends PlaceOptions {
  stream: string;
  format?: FileFormat;
  delimiter: string;
  rename: ReadonlyMap<string, string>;
  dryRun: boolean;
  rejects?: string;
  strict: boolean;
}

export function importCommand(): Command {
  const command = new Command('import')
    .description("write what files hold and the stream's table has not")
    .argument('<path>', 'a CSV or NDJSON file (gzip too), a ZIP of CSVs, a folder of them, or -')
    .requiredOption('--stream <name>', 'the stream whose table they go into')
    .addOption(
      new Option('--format <format>', 'of the files (default: by their first character)').choices([
        'csv',
        'ndjson',
      ]),
    )
    .addOption(
      new Option('--delimiter <character>', 'between the fields of a CSV; \\t is a tab')
        .argParser(readDelimiter)
        .default(','),
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

function readDelimiter(text: string): string {
  const delimiter = text === '\\t' ? '\t' : text;
  if ([...delimiter].length === 1 && !/["\r\n]/.test(delimiter)) return delimiter;
  throw new InvalidArgumentError(
    'a delimiter is one character, and neither a quote nor a line break',
  );
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
  const dependencies = { ...place, client, rejects };
  try {
    for await (const file of importFiles(path)) {
      bar = new ProgressBar(file.bytes);
      imported.push([file.name, await importFile(file, bar, options, dependencies)]);
      bar.end();
    }
  } finally {
    bar?.end();
    rejects.close();
    await client?.close();
    if (imported.length > 0) process.stdout.write(toText(imported, options));
  }
}

async function importFile(
  file: ImportFile,
  bar: ProgressBar,
  { format, delimiter, rename }: ImportCommandOptions,
  dependencies: Omit<ImportDependencies, 'name'>,
): Promise<ImportCounts> {
  const asForm = takesNoJson(dependencies.reader.stream);
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of file.open()) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  const lines = fileLines(counted(), { delimiter, rename, asForm, ...(format && { format }) });
  return await importLines(lines, {
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
