import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { TableName } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { terminalText } from '../../shared/terminal-text.ts';
import { printJson } from '../terminal/manners.ts';
import { type Answers, defaults, defaultTable, planRelay, problemOf } from './init/answers.ts';
import { ask } from './init/ask.ts';
import {
  nextCommands,
  type ProjectFiles,
  planFiles,
  requireNoRelay,
} from './init/project-files.ts';
import { findSender, senderNames, similarSenders } from './init/senders.ts';
import { writeFiles } from './init/write-files.ts';

interface InitOptions extends Partial<Answers> {
  yes: boolean;
  json: boolean;
  config?: string;
}

/** As a shell reports a program that Ctrl-C ended. */
const interrupted = 130;

export function initCommand(): Command {
  return new Command('init')
    .description('make a folder into a relay: its config, wrangler.toml, secrets, container and CI')
    .argument('[folder]', 'folder of the relay; made if it is missing', '.')
    .option('--source <sender>', 'who sends the webhooks; the list is below', parseSource)
    .option('--table <table>', 'dataset.table of the rows (default: <sender>.events)', parseTable)
    .option(
      '--project <id>',
      'Google Cloud project (default: GOOGLE_CLOUD_PROJECT)',
      parserOf('project'),
    )
    .option('--location <place>', 'where the datasets are (default: EU)', parserOf('location'))
    .option('--yes', 'ask nothing: what is not given gets its default', false)
    .option('--json', 'print one JSON document; asks nothing', false)
    .addHelpText(
      'after',
      `\nSenders (generic is any sender, with a key in the URL):\n${listSenders()}`,
    )
    .action(init);
}

async function init(folder: string, options: InitOptions, command: Command): Promise<void> {
  if (options.config !== undefined)
    command.error('error: init makes the config: leave out --config');
  requireNoRelay(folder);
  const answers = await findAnswers(options);
  if (!answers) {
    process.stderr.write('Stopped: nothing was written.\n');
    process.exitCode = interrupted;
    return;
  }
  const plan = planRelay(answers);
  const planned = planFiles(folder, plan);
  writeFiles(folder, planned.files);

  const { streamName: name } = plan;
  const next = nextCommands(folder, { name });
  const { created, merged, kept, hints } = planned;
  const report = {
    folder: resolve(folder),
    stream: name,
    ...answers,
    created,
    merged,
    kept,
    hints,
  };
  if (options.json) printJson({ ...report, next });
  else process.stdout.write(describe(folder, planned, answers, next));
}

/** Undefined if the user stopped. */
async function findAnswers(options: InitOptions): Promise<Answers | undefined> {
  const { source, table, project, location } = options;
  const given: Partial<Answers> = {
    ...(source !== undefined && { source }),
    ...(table !== undefined && { table }),
    ...(project !== undefined && { project }),
    ...(location !== undefined && { location }),
  };
  if (options.yes || options.json) return withDefaults(given);
  const missing = (['source', 'table', 'project', 'location'] as const).filter(
    (name) => given[name] === undefined,
  );
  if (missing.length > 0 && !(process.stdin.isTTY && process.stdout.isTTY)) {
    const flags = missing.map((name) => `--${name}`).join(', ');
    throw new RelayError(
      'init.no-terminal',
      `nobody can be asked here, and some options are not given: ${flags}`,
    );
  }
  return await ask(given);
}

function withDefaults(given: Partial<Answers>): Answers {
  const { project, location } = defaults;
  const source = given.source ?? defaults.source;
  return { table: defaultTable(source), project, location, ...given, source };
}

function describe(
  folder: string,
  { created, merged, kept, hints }: ProjectFiles,
  { project }: Answers,
  next: string[],
): string {
  const lines = [
    ...created.map((name) => `created  ${name}`),
    ...merged.flatMap(({ name, changes }) => [
      `changed  ${name}`,
      ...changes.map((change) => `           ${change}`),
    ]),
    ...kept.map((name) => `kept     ${name}`),
    ...(hints.length === 0 ? [] : ['', 'wrangler.toml was kept. It also needs:']),
    ...hints.map((hint) => `  ${hint}`),
    '',
    `${resolve(folder)} is a relay.`,
    ...(project === 'your-project'
      ? ['Before you deploy it, set project in tributary.config.ts.']
      : []),
    'Next, each in a terminal of its own:',
    '',
    ...next.map((line) => `  ${line}`),
  ];
  return `${lines.map(terminalText).join('\n')}\n`;
}

function parseSource(text: string): string {
  const name = findSender(text);
  if (name !== undefined) return name;
  const similar = similarSenders(text);
  throw new InvalidArgumentError(
    similar.length > 0
      ? `There is no such sender. Did you mean ${similar.join(', ')}?`
      : 'There is no such sender: tributary init --help lists them. For any other, use generic.',
  );
}

function parseTable(text: string): TableName {
  return parserOf('table')(text) as TableName;
}

function parserOf(name: 'table' | 'project' | 'location'): (text: string) => string {
  return (text) => {
    const problem = problemOf(name, text);
    if (problem === undefined) return text;
    throw new InvalidArgumentError(`It ${problem}.`);
  };
}

/** In lines of 80 columns. */
function listSenders(): string {
  const lines: string[] = [''];
  for (const name of senderNames) {
    const line = `${lines.at(-1)} ${name}`;
    if (line.length > 78) lines.push(` ${name}`);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line) => ` ${line}`).join('\n');
}
