import { Command } from 'commander';
import { RelayError } from '../../shared/errors.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { readDeliveryId } from '../../subscriber/trace/delivery-id.ts';
import { traceDelivery } from '../../subscriber/trace/trace-delivery.ts';
import {
  addBigQueryOptions,
  type BigQueryOptions,
  findBigQuery,
  findStack,
} from '../find/bigquery.ts';
import { findStream } from '../find/stream.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { describeSeveral, describeTrace } from './trace-report.ts';

interface TraceOptions extends BigQueryOptions {
  stream?: string;
  subscriber: string[];
  json: boolean;
}

export function traceCommand(): Command {
  const command = new Command('trace')
    .description('say where a delivery is: refused, in flight, a row, or a dead letter')
    .argument('<delivery_id>', 'id that the edge returned, or its first eight digits or more')
    .option('--stream <name>', "look only into this stream's table (default: into all)")
    .option(
      '--subscriber <url...>',
      'also ask these running subscribers, where they answer health checks',
      [],
    )
    .addOption(jsonOption());
  return addBigQueryOptions(command).action(trace);
}

async function trace(given: string, options: TraceOptions): Promise<void> {
  const relay = await loadRelay();
  const stream = options.stream === undefined ? undefined : findStream(relay, options.stream);
  const reading = readDeliveryId(given, Date.now());
  if (!reading.ok) throw new RelayError('trace.id', reading.problem);
  const port = findStack(options)?.ports.subscriber;
  const found = await traceDelivery(reading.id, {
    relay,
    bigquery: findBigQuery(relay, options),
    ...(stream && { stream }),
    subscribers: [
      ...(port === undefined ? [] : [`http://127.0.0.1:${port}`]),
      ...options.subscriber,
    ],
  });
  if (options.json) printJson(found);
  else if ('deliveryIds' in found) process.stdout.write(describeSeveral(given, found));
  else process.stdout.write(describeTrace(found, relay));
  const isGood = 'state' in found && !badStates.has(found.state);
  if (!isGood) process.exitCode = 1;
}

/** Somebody has to do something, or nothing is known. */
const badStates: ReadonlySet<string> = new Set(['dead letter', 'refused', 'nowhere']);
