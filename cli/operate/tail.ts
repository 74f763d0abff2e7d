import { createHash } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Relay } from '../../shared/config/config.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { Forwarder } from '../../subscriber/tail/forward.ts';
import { runTail, type TailEnd, type TailNotice } from '../../subscriber/tail/run-tail.ts';
import type { TailEvent } from '../../subscriber/tail/tail-event.ts';
import { type BigQueryOptions, findStack } from '../find/bigquery.ts';
import { findPubsub } from '../find/pubsub.ts';
import { addStateOption } from '../find/running-stack.ts';
import { findStream } from '../find/stream.ts';
import { readCount } from '../program/option-values.ts';
import { whenPipeCloses } from '../terminal/closed-pipe.ts';
import { LineWriter } from '../terminal/line-writer.ts';
import { isQuiet } from '../terminal/manners.ts';
import { endText, json, jsonLines, noticeText, textLines } from './tail-lines.ts';
import { receiverRequests } from './tail-receiver.ts';

interface TailOptions extends BigQueryOptions {
  forwardTo?: string;
  timeout: number;
  sign: boolean;
  secrets: string;
  name?: string;
  keep: boolean;
  body: boolean;
  json: boolean;
}

export function tailCommand(): Command {
  const on = new Option(
    '--on <place>',
    'where to follow (default: local if a local stack is running, else google)',
  );
  const command = new Command('tail')
    .description('follow deliveries as they come, without taking them from the subscriber')
    .argument('[stream]', 'only deliveries of this stream')
    .option('--forward-to <url>', 'also send each delivery, as it came, to this URL')
    .option('--sign', "sign what is forwarded; the URL is an edge's (needs the secrets)", false)
    .addOption(
      new Option('--timeout <seconds>', 'how long the receiver may take')
        .argParser(readCount)
        .default(10),
    )
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    )
    .addOption(
      new Option(
        '--name <name>',
        'of the temporary subscription; the same name goes on where it stopped (default: one for this user, machine and stream)',
      ).argParser(readName),
    )
    .option('--keep', 'leave the subscription at the end, for at most a day', false)
    .option('--body', 'also print the bodies', false)
    .addOption(new Option('--json', 'print one JSON document a line').default(false, ''))
    .addOption(on.choices(['local', 'google']));
  return addStateOption(command).action(tail);
}

async function tail(name: string | undefined, options: TailOptions): Promise<void> {
  const relay = await loadRelay();
  if (name !== undefined) findStream(relay, name);
  const abort = new AbortController();
  const end = untilEnd(abort, options.keep);
  const forwarder = openForwarder(relay, options, abort.signal);
  const lines = options.json ? jsonLines(options.body) : textLines(options.body);
  const writer = new LineWriter(process.stdout);
  let shown = 0;
  const onEvent = async (event: TailEvent): Promise<void> => {
    for (const line of lines.event(event)) await writer.write(line);
    if (event.kind !== 'delivery') return;
    shown++;
    if (!forwarder) return;
    const { envelope } = event.delivery;
    const result = await forwarder.forward(envelope);
    for (const line of lines.forwarded(envelope, result)) await writer.write(line);
  };
  const pubsub = findPubsub(relay, options);
  try {
    const ended = await runTail({
      ...{ pubsub, relay, name: options.name ?? defaultName(name), signal: abort.signal, onEvent },
      ...(name !== undefined && { stream: name }),
      onNotice: (notice) => sayNotice(notice, options, writer),
      keeps: () => end.isKept,
    });
    writer.close();
    sayEnd(ended, end.reason, shown, options);
    if (ended.failure) process.exitCode = 1;
  } finally {
    end.stop();
    abort.abort();
    await pubsub.close();
  }
}

interface TailStop {
  /** Why it ends, for a person. */
  reason: string;
  isKept: boolean;
  stop(): void;
}

/** Ctrl-C and SIGTERM end the tail; so does a reader that has gone. A second Ctrl-C ends the process at once. */
function untilEnd(abort: AbortController, keep: boolean): TailStop {
  const end: TailStop = { reason: 'it was told to', isKept: keep, stop };
  const because = (reason: string) => {
    if (abort.signal.aborted) return;
    end.reason = reason;
    abort.abort();
  };
  const onInterrupt = () => because('Ctrl-C');
  const onTerminate = () => because('SIGTERM');
  // The terminal is off: what comes meanwhile is kept for the next one.
  const onHangUp = () => {
    end.isKept = true;
    because('the terminal was closed');
  };
  process.once('SIGINT', onInterrupt).once('SIGTERM', onTerminate).once('SIGHUP', onHangUp);
  whenPipeCloses(() => because('nobody reads the output any more'));
  function stop(): void {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate).off('SIGHUP', onHangUp);
  }
  return end;
}

function openForwarder(
  relay: Relay,
  options: TailOptions,
  signal: AbortSignal,
): Forwarder | undefined {
  const { forwardTo: url, sign, secrets, timeout } = options;
  if (url === undefined) return undefined;
  const stack = findStack(options);
  const ownEdge = stack ? `http://127.0.0.1:${stack.ports.edge}` : relay.publicUrl;
  const ownEdges = ownEdge === undefined ? [] : [ownEdge];
  const requestOf = receiverRequests({ relay, url, sign, secrets, ownEdges });
  return new Forwarder({ requestOf, timeoutMs: timeout * 1000, signal });
}

function sayNotice(notice: TailNotice, options: TailOptions, writer: LineWriter): void {
  if (options.json) void writer.write(json(notice));
  else if (!isQuiet()) console.error(noticeText(notice));
}

function sayEnd(end: TailEnd, reason: string, shown: number, options: TailOptions): void {
  if (options.json) {
    const { failure, ...facts } = end;
    const why = failure ?? { why: 'stopped', problem: reason };
    process.stdout.write(`${json({ kind: 'ended', ...why, shown, ...facts })}\n`);
  }
  if (!options.json && (end.failure || !isQuiet())) console.error(endText(end, reason, shown));
}

/** The same for each run of this user on this machine, and nobody's name. */
function defaultName(stream: string | undefined): string {
  const whose = JSON.stringify([userName(), hostname(), stream ?? '']);
  return createHash('sha256').update(whose).digest('hex').slice(0, 8);
}

/** A container may have no name for its user. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}

function readName(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'a name has lower-case letters, digits and hyphens, at most 40 of them',
  );
}
