import { nearestName } from '../../nearest-name.ts';
import { schemes } from '../../signatures/schemes.ts';
import { sources } from '../../sources/registry.ts';
import type { AlertOptions, AlertReceiver } from '../alert-options.ts';
import type { RelayOptions, Stream } from '../config.ts';
import { nearestLocation } from './locations.ts';

const column = "Write a column as name: { type: 'STRING', from: '$.path' }.";
const place = "Say where the value stands, such as '$.id' or 'header:x-id'.";
const history = "Write history: { url: 'https://…' }; docs/config.md has its options.";

const relayRemedies: { readonly [Name in keyof Required<RelayOptions>]: string } = {
  project: 'Write the id of your Google Cloud project: `gcloud projects list` shows it.',
  location: "Write a location of BigQuery, such as 'EU', 'US' or 'europe-west3'.",
  topic: "Write a name such as 'tributary', or remove it.",
  subscription: "Write a name such as 'tributary-bigquery', or remove it.",
  deadLetters: "Write 'dataset.table', such as 'tributary.dead_letters', or remove it.",
  log: "Write 'problems' or 'all'.",
  refused: 'Write { keep: 100, bodyBytes: 0 }: keep is 1,000 at most, and bodyBytes 4,096.',
  publicUrl: "Write the URL of the edge as senders know it, such as 'https://hooks.example.com'.",
  alerts: "Write alerts: { receivers: [{ url: 'ALERTS_URL', format: 'generic' }] }.",
  streams: "Write streams: { orders: shopify({ table: 'shop.orders' }) }.",
};

const streamRemedies: { readonly [Name in keyof Required<Stream>]: string } = {
  source: "Make the stream with a function of 'tributary-relay', such as generic({ … }).",
  scheme: 'Use a name of docs/sources.md.',
  table: "Write 'dataset.table', such as 'shop.orders'.",
  secrets: "Name variables, such as ['ORDERS_SECRET'], and set their values outside the config.",
  filter: 'Correct the filter; docs/sources.md shows what filters can say.',
  key: "Name columns of the table, such as ['event_id'].",
  replayWindow: "Write a duration such as '15m', or remove it.",
  invalidValues: "Write 'null' or 'dead-letter', or remove it.",
  maxBodyBytes: 'Write a number of bytes from 1 to 7 * 1024 * 1024.',
  publishBudgetMs: 'Write a number of milliseconds from 100 to 25000.',
  allowedAddresses: "Write addresses or blocks, such as ['192.0.2.0/24'].",
  acceptedStatus: 'Write 200 or 204.',
  acceptsGet: 'Remove it, or choose a scheme that signs the URL or shows a key.',
  handshake: 'Use a handshake of docs/sources.md that fits the scheme, or remove it.',
  timeZone: "Write a zone such as 'Europe/Prague', or an offset such as '+02:00'.",
  unknown: "Write 'keep' or 'refuse', or remove it.",
  fields: 'Write true or false.',
  body: "Name formats, such as ['json', 'form'].",
  each: "Write the path of the array of events, such as '$.events', or 'lines'.",
  event: place,
  id: place,
  time: "Write time: '$.created', or { from: '$.created', unit: 'ms' }.",
  columns: column,
  moreColumns: column,
  apiUrl: "Write the URL of the sender's API, such as 'https://acme.absmartly.com'.",
  tablePerExperiment: 'Write true or false.',
  exportFilter: "Write { tag: 'checkout' }; owner and team are the others.",
  storage: "Write { kind: 'gcs', bucket: 'my-exports' }; the kind may be 's3'.",
  schema: "Name columns with their types, such as { unit_id: 'STRING' }, or write 'bigquery'.",
  encoding: "Write the name of an encoding, such as 'windows-1252'.",
  delimiter: "Write one of ',', ';', '\\t' and '|'.",
  history,
};

const span = "Write a time such as '90s', '15m', '6h' or '1d', or remove it.";
const spanOrOff = "Write a time such as '90s', '15m' or '6h', or false, or remove it.";
const countOrOff = 'Write a number from 1, or false, or remove it.';

const alertRemedies: {
  readonly [Name in keyof Required<AlertOptions> | keyof AlertReceiver]: string;
} = {
  receivers: "Write receivers: [{ url: 'ALERTS_URL', format: 'generic' }].",
  url: "Name a variable such as 'ALERTS_URL', and set it to the URL where the subscriber runs.",
  format: "Write 'generic', 'slack' or 'teams'.",
  streams: 'Name a stream as the config does, or remove it.',
  heartbeat: span,
  window: span,
  every: span,
  clearAfter: span,
  deadLetters: countOrOff,
  tableRefused: spanOrOff,
  freshness: spanOrOff,
  silentAfter: "Write a time such as '6h', 'learned' or false, or remove it.",
  overflow: countOrOff,
  unauthorized: 'Write a share from 0.001 to 1, or false, or remove it.',
  unauthorizedCount: 'Write a number from 1, or remove it.',
  bigqueryAway: spanOrOff,
  consoleUrl: "Write the URL of the console, such as 'https://relay.example.com'.",
};

const streamNames =
  'Rename the stream: lower case, a letter first, then letters, digits, - or _, 63 in all.';
const whole = "Make the stream with a function of 'tributary-relay': orders: shopify({ … }).";

/** What a person should do about a problem at a path of the config. */
export function remedyOf(path: readonly string[], problem: string): string {
  const [first = '', name, option = ''] = path;
  if (first === '') return 'Write defineRelay({ project: …, streams: { … } }).';
  if (first === 'alerts') return alertRemedy(path);
  if (first !== 'streams') return find(relayRemedies, first) ?? 'Look it up in docs/config.md.';
  if (name === undefined) return relayRemedies.streams;
  if (problem.includes('lower case')) return streamNames;
  if (path.length === 2) return whole;
  return find(streamRemedies, option) ?? 'Look it up in docs/config.md.';
}

/** That of the innermost option: a stream's name and the number of a receiver are none. */
function alertRemedy(path: readonly string[]): string {
  if (path.length === 3 && path[1] === 'streams') return alertRemedies.streams;
  const options = path.slice(1).filter((_, at) => !(at === 1 && path[1] === 'streams'));
  const named = options.findLast((name) => find(alertRemedies, name) !== undefined) ?? '';
  return find(alertRemedies, named) ?? relayRemedies.alerts;
}

/** The options at each depth of a path; those of `history` and others are few, and in the documentation. */
const optionsAt: Readonly<Record<number, readonly string[]>> = {
  1: Object.keys(relayRemedies),
  3: Object.keys(streamRemedies),
  5: ['type', 'from', 'unit', 'required', 'description'],
};

/** The remedy for an option that there is not, with the one that was probably meant. */
export function unknownRemedy(path: readonly string[]): string {
  const isOfAlerts = path[0] === 'alerts' && path.length > 1;
  const options = isOfAlerts ? Object.keys(alertRemedies) : (optionsAt[path.length] ?? []);
  const nearest = nearestName(path.at(-1) ?? '', options);
  const instead = nearest === undefined ? '' : `Did you mean ${nearest}? `;
  return `${instead}Correct the name, or remove it; docs/config.md has all options.`;
}

/** The choice that was probably meant; absent if none is near. */
export function nearestValue(option: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const choices = { scheme: Object.keys(schemes), source: Object.keys(sources) }[option];
  return option === 'location' ? nearestLocation(value) : choices && nearestName(value, choices);
}

function find(remedies: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(remedies, name) ? remedies[name] : undefined;
}
