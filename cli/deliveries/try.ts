import { Command, Option } from 'commander';
import { type Trial, type TriedEvent, tryDelivery } from '../../local/testing/main.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { terminalJson, terminalText } from '../../shared/terminal-text.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { readSecrets } from '../find/secrets.ts';
import { findStream } from '../find/stream.ts';
import { readInstant } from '../program/option-values.ts';
import { redactSecret } from '../terminal/redact-secret.ts';
import { guessType, readBody } from './delivery-body.ts';
import { readHeaders } from './headers.ts';

interface TryOptions {
  header: string[];
  method: string;
  query?: string;
  at?: number;
  unsigned: boolean;
  secrets: string;
  json: boolean;
}

const methods = ['GET', 'HEAD', 'OPTIONS', 'POST'];
/** Of a line, in characters. */
const width = 80;

export function tryCommand(): Command {
  return new Command('try')
    .description('tell, offline, what would become of a delivery: signature, filter, rows')
    .argument('<stream>', 'stream that would get it')
    .argument('[file]', 'file with the body, or - for standard input (a GET needs none)')
    .addOption(
      new Option(
        '--header <name: value>',
        "a header of the delivery, such as the signature's (repeatable)",
      )
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], 'none'),
    )
    .addOption(
      new Option('--method <method>', 'method of the request').choices(methods).default('POST'),
    )
    .option('--query <query>', 'query of the URL, without the question mark')
    .addOption(
      new Option('--at <time>', 'when it arrives, ISO 8601: a signed time may be too old')
        .argParser(readInstant)
        .default(undefined, 'now'),
    )
    .option('--unsigned', 'skip the key or signature', false)
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    )
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      '\nNothing is sent or stored. A key in the path is taken to be right.\nExit code 0: it becomes rows.',
    )
    .action(tryOne);
}

async function tryOne(
  name: string,
  file: string | undefined,
  options: TryOptions,
  command: Command,
): Promise<void> {
  const relay = await loadRelay();
  const stream = findStream(relay, name);
  if (file === undefined && options.method === 'POST') {
    command.error("error: missing required argument 'file' (- for standard input)");
  }
  const secrets = readSecrets(options.secrets);
  const body = file === undefined ? new Uint8Array(0) : readBody(file);
  const given = readHeaders(options.header);
  const headers = file === undefined ? given : { 'content-type': guessType(body), ...given };
  const url = urlOf(stream, secrets, options.query);
  const { method, unsigned, at: now } = options;
  const trial = await tryDelivery(
    relay,
    name,
    { method, url: (relay.publicUrl ?? '') + url, headers, body },
    { secrets, unsigned, ...(now !== undefined && { now }) },
  );
  const isRow = becomesRows(trial);
  const text = options.json
    ? terminalJson(`${JSON.stringify({ ok: isRow, ...trial })}\n`)
    : describe(trial, options.header.length > 0);
  process.stdout.write(redactAll(text, stream, secrets));
  if (!isRow) process.exitCode = 1;
}

/** The path and query of the delivery. Its key is taken to be right. */
function urlOf(stream: RelayStream, secrets: NodeJS.ProcessEnv, query: string | undefined): string {
  const key =
    stream.scheme === 'endpoint-key' ? secrets[stream.secrets[0] ?? '']?.trim() : undefined;
  return `/${stream.name}${key ? `/${encodeURIComponent(key)}` : ''}${query ? `?${query}` : ''}`;
}

function redactAll(text: string, stream: RelayStream, secrets: NodeJS.ProcessEnv): string {
  return stream.secrets.reduce((left, name) => redactSecret(left, secrets[name] ?? ''), text);
}

function becomesRows({ outcome, events, announces }: Trial): boolean {
  if (outcome !== 'accepted') return false;
  if (announces !== undefined) return true;
  const stored = events.filter(({ becomes }) => becomes !== 'nothing');
  return stored.length > 0 && stored.every(({ becomes }) => becomes === 'row');
}

function describe(trial: Trial, hasHeaders: boolean): string {
  const { stream, outcome, status, signature, reason, events, table, announces, notTried } = trial;
  const lines = [`${stream}: ${outcome} (${status})`];
  if (signature === 'skipped') lines.push('signature: not looked at');
  else if (signature !== undefined) lines.push(`signature: matches ${signature}`);
  if (reason !== undefined) lines.push(`reason: ${reason}`);
  if (outcome === 'unauthorized' && !hasHeaders) {
    lines.push("hint: give the sender's headers with --header, or --unsigned to go on without");
  }
  if (announces !== undefined) lines.push(`loads the export ${announces} into ${table}`);
  for (const [index, event] of events.entries()) {
    lines.push('', ...describeEvent(event, index, table));
  }
  if (notTried.length > 0) lines.push('', ...notTried.map((part) => `not tried: ${part}`));
  return `${lines.map((line) => cut(terminalText(line))).join('\n')}\n`;
}

function describeEvent(event: TriedEvent, index: number, table: string | undefined): string[] {
  const title = `event ${index + 1}${event.name === undefined ? '' : ` "${event.name}"`}`;
  switch (event.becomes) {
    case 'nothing':
      return [`${title}: dropped by the filter`, ...event.rules.map((rule) => `  fails ${rule}`)];
    case 'dead-letter':
      return [`${title}: a dead letter: ${event.reason}`];
    case 'row': {
      const reasons = new Map(event.notes.map(({ column, reason }) => [column, reason]));
      const longest = Math.max(...Object.keys(event.row).map((column) => column.length));
      const cells = Object.entries(event.row).map(([column, value]) => {
        const why = reasons.get(column);
        const note = why === undefined ? '' : ` (${why})`;
        return `  ${column.padEnd(longest)}  ${value ?? 'NULL'}${note}`;
      });
      const isInPart = event.notes.length > 0;
      return [
        `${title}: a row of ${table}`,
        ...cells,
        ...(isInPart ? ['  (the delivery is kept as a dead letter too, "written in part")'] : []),
      ];
    }
  }
}

function cut(line: string): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
