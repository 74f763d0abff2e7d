import type { Relay, TableName } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { RelayError } from '../../../shared/errors.ts';
import { signsUrl } from '../../../shared/signatures/scheme.ts';
import { schemeOf } from '../../../shared/signatures/schemes.ts';
import { type StreamText, streamOf } from './senders.ts';

/** What `init` has to know. */
export interface Answers {
  /** The name of a function that makes a stream. */
  source: string;
  table: TableName;
  project: string;
  location: string;
}

/** What the config will say. */
export interface PlannedRelay extends Answers {
  streamName: string;
  stream: StreamText;
  /** Only for senders that sign it. */
  publicUrl?: string;
  relay: Relay;
}

/** Stands for a project until there is one: the relay on one machine works with any. */
const placeholderProject = 'your-project';

/** `customerIo` → `customer_io.events`. */
export function defaultTable(source: string): TableName {
  return `${source.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.events`;
}

export const defaults = {
  source: 'generic',
  get project(): string {
    return process.env['GOOGLE_CLOUD_PROJECT'] || placeholderProject;
  },
  location: 'EU',
};

/**
 * The relay of the answers.
 *
 * @throws RelayError `config.invalid`
 */
export function planRelay(answers: Answers): PlannedRelay {
  const { source, table, project, location } = answers;
  const streamName = streamNameOf(table, source);
  const { text, stream } = streamOf(source, table);
  const publicUrl = signsUrl(schemeOf(stream))
    ? { publicUrl: 'https://your-relay.example.com' }
    : {};
  const streams = { [streamName]: stream };
  const relay = defineRelay({ project, location, ...publicUrl, streams });
  return { ...answers, ...publicUrl, streamName, stream: text, relay };
}

/** The dataset, as a stream may be called. */
function streamNameOf(table: TableName, source: string): string {
  const dataset = (table.split('.')[0] ?? '').toLowerCase().replace(/^[^a-z]+/, '');
  return (dataset || source.toLowerCase()).slice(0, 63);
}

/** What is wrong with one answer, in the words of the check of a config; undefined if nothing is. */
export function problemOf(
  name: Exclude<keyof Answers, 'source'>,
  text: string,
): string | undefined {
  const sound: Answers = {
    source: 'generic',
    table: 'webhooks.events',
    project: placeholderProject,
    location: 'EU',
  };
  try {
    planRelay({ ...sound, [name]: text });
    return undefined;
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const [, problem = error.message] = error.message.split('\n');
    // Without the path in the config, which does not exist yet.
    return problem.trim().replace(/^[\w.-]+ (?=must|is)/, '');
  }
}
