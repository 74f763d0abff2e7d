import { keyedLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import type { Envelope } from '../../shared/envelope.ts';
import { failedRules } from '../../shared/filters/failed-rules.ts';
import { type FilteredEvent, filterOf } from '../../shared/filters/filter.ts';
import type { Mapping } from '../../shared/shape/map-columns.ts';
import type { RowSource } from '../../shared/sources/source.ts';
import { createEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { readCells } from './row-cells.ts';
import type { TriedEvent } from './trial.ts';

/**
 * What each event of a delivery becomes, by the subscriber's own code.
 *
 * @param events as the edge read them
 */
export function tryRows(
  envelope: Envelope,
  stream: RelayStream,
  source: RowSource,
  events: readonly FilteredEvent[],
): TriedEvent[] {
  const { passes } = filterOf(stream);
  const mappings = [...(source.mapEach?.(envelope, stream) ?? source.map(envelope, stream))];
  // A single event has passed at the edge, and is mapped whatever the filter.
  const mapped = events.length > 1 ? events.filter(passes) : events;
  const encode = rowEncoder(stream, source, envelope.receivedAt);
  return events.map((event) => {
    const index = mapped.indexOf(event);
    if (index < 0) return dropped(event, stream);
    const mapping = mappings[index] ?? mappings[0];
    return { ...named(event), ...encode(mapping) };
  });
}

/** An event that the filter drops. */
export function dropped(event: FilteredEvent, { filter }: RelayStream): TriedEvent {
  return { ...named(event), becomes: 'nothing', rules: filter ? failedRules(filter, event) : [] };
}

function named({ name }: FilteredEvent): { name?: string } {
  return name === undefined ? {} : { name };
}

function rowEncoder(stream: RelayStream, source: RowSource, now: number) {
  const layout = keyedLayout(source.layout(stream), stream);
  const encoder = createEncoder(layout, () => now, stream.invalidValues ?? 'null');
  return (mapping: Mapping | undefined): TriedEvent => {
    if (!mapping) return { becomes: 'dead-letter', reason: 'it is mapped to nothing' };
    if (!mapping.ok) return deadLetter(mapping.reason, mapping.column);
    const encoded = encoder.encode(mapping.row);
    if (!encoded.ok) return deadLetter(`${encoded.column} ${encoded.reason}`, encoded.column);
    const row = readCells(layout.columns, encoder.descriptor.field ?? [], encoded.row);
    const notes = [...(mapping.notes ?? []), ...(encoded.notes ?? [])];
    return { becomes: 'row', row, notes };
  };
}

function deadLetter(reason: string, column?: string): TriedEvent {
  return { becomes: 'dead-letter', reason: reason.trim(), ...(column && { column }) };
}
