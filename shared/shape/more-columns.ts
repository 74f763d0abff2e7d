import type { Column } from '../columns.ts';
import type { Stream } from '../config/config.ts';
import type { Envelope } from '../envelope.ts';
import { lossTest } from '../formats/replaced.ts';
import { type Mapping, mapColumns } from './map-columns.ts';
import { queryReader } from './places.ts';
import { type Plan, planOf } from './plan.ts';

const plans = new WeakMap<Stream, Plan>();

/** The plan of `moreColumns`, for a source with columns of its own; undefined if the stream has none. */
export function morePlanOf(stream: Stream): Plan | undefined {
  // Called for every delivery, and most streams have none.
  if (!stream.moreColumns) return undefined;
  const known = plans.get(stream);
  if (known) return known;
  const { moreColumns, filter: _, each: __, ...rest } = stream;
  const plan = planOf({ ...rest, columns: moreColumns });
  plans.set(stream, plan);
  return plan;
}

export function moreLayout(stream: Stream): Column[] {
  return (morePlanOf(stream)?.columns ?? []).map(({ name, type, description, required }) => ({
    name,
    type,
    spare: true,
    ...(description !== undefined && { description }),
    ...(required && { required }),
  }));
}

/** @param event its raw JSON text, which is the body too */
export function mapMore(plan: Plan, envelope: Envelope, event: string): Mapping {
  const { deliveryId, receivedAt, contentType } = envelope;
  return mapColumns(
    {
      event,
      body: event,
      header: (name) => envelope.headers?.[name],
      query: queryReader(envelope),
      isLossy: lossTest(envelope),
      facts: {
        'event:id': deliveryId,
        'event:index': '0',
        'delivery:id': deliveryId,
        'delivery:received_at': new Date(receivedAt).toISOString(),
        ...(contentType !== undefined && { 'delivery:content_type': contentType }),
      },
    },
    plan,
  );
}
