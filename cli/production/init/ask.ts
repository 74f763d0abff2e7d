import type { Readable, Writable } from 'node:stream';
import { autocomplete, isCancel, text } from '@clack/prompts';
import type { TableName } from '../../../shared/config/config.ts';
import { type Answers, defaults, defaultTable, problemOf } from './answers.ts';
import { searchSenders } from './senders.ts';

/** Where the questions are shown and answered. By default the terminal of this process. */
export interface Terminal {
  input?: Readable;
  output?: Writable;
}

/** Asks for each answer that is not given. Undefined after Ctrl-C or Escape. */
export async function ask(
  given: Partial<Answers>,
  terminal: Terminal = {},
): Promise<Answers | undefined> {
  const source = given.source ?? (await askSource(terminal));
  if (source === undefined) return undefined;
  const question = askText.bind(undefined, terminal);
  const table =
    given.table ?? (await question('table', 'Which table (dataset.table)?', defaultTable(source)));
  if (table === undefined) return undefined;
  const project =
    given.project ?? (await question('project', 'Which Google Cloud project?', defaults.project));
  if (project === undefined) return undefined;
  const location =
    given.location ??
    (await question(
      'location',
      'Where are its datasets (EU, US, europe-west3 …)?',
      defaults.location,
    ));
  if (location === undefined) return undefined;
  return { source, table: table as TableName, project, location };
}

async function askSource(terminal: Terminal): Promise<string | undefined> {
  const answer = await autocomplete<string>({
    ...terminal,
    message: 'Who sends the webhooks? (type to search; "generic" is any sender)',
    options() {
      return searchSenders(this.userInput).map((value) => ({ value }));
    },
    maxItems: 8,
  });
  return isCancel(answer) ? undefined : answer;
}

async function askText(
  terminal: Terminal,
  name: Exclude<keyof Answers, 'source'>,
  message: string,
  suggestion: string,
): Promise<string | undefined> {
  const answer = await text({
    ...terminal,
    message,
    placeholder: suggestion,
    defaultValue: suggestion,
    validate: (typed) => problemOf(name, typed || suggestion),
  });
  return isCancel(answer) ? undefined : answer;
}
