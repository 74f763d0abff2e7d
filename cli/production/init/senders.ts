import { handshakeNames, type Stream, type TableName } from '../../../shared/config/config.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import * as presets from '../../../shared/sources/presets.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

/** What the config says of a stream: one option a member. */
export type StreamText = Readonly<Record<string, string>> & { table: TableName };

type StreamFunction = (options: never) => Stream;

/** Every function that a config can call for a stream, by its name. */
const functions = new Map<string, StreamFunction>([
  ...Object.entries<StreamFunction>({ absmartly, datanostro, generic, segmentstream }),
  ...Object.entries<StreamFunction>(presets),
]);

/** Options without which a sender's stream does nothing. */
const needed = new Map([['absmartly', { apiUrl: 'https://your-subdomain.absmartly.com' }]]);

/** In alphabetical order. */
export const senderNames: readonly string[] = [...functions.keys()].toSorted();

/** `customer-io`, `CustomerIO` and `customerIo` are one sender. Undefined if there is none of that name. */
export function findSender(text: string): string | undefined {
  return senderNames.find((name) => plain(name) === plain(text));
}

/** Those whose names begin alike. */
export function similarSenders(text: string): string[] {
  const begin = plain(text).slice(0, 2);
  return senderNames.filter((name) => plain(name).startsWith(begin));
}

/** Those that have the text in their names, and first those that begin with it. */
export function searchSenders(text: string): string[] {
  const typed = plain(text);
  const found = senderNames.filter((name) => plain(name).includes(typed));
  const rank = (name: string) => (plain(name).startsWith(typed) ? 0 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The options that the config needs for a sender, and the stream that they make. */
export function streamOf(sender: string, table: TableName): { text: StreamText; stream: Stream } {
  const open = functions.get(sender) as (options: StreamText) => Stream;
  const options = { table, ...needed.get(sender) };
  const { scheme } = open(options);
  // A console that tests the endpoint uses it only after the right answer.
  const handshake = handshakeNames.find((name) => name === scheme);
  const text: StreamText = handshake === undefined ? options : { ...options, handshake };
  return { text, stream: open(text) };
}
