import type { Delivery, StreamName } from '../senders/deliveries.ts';
import type { Cells } from './tables.ts';

// What each row must hold, worked out anew from what was sent.

export interface TableUnderTest {
  stream: StreamName;
  table: string;
  /** Of the delivery's id. */
  id: string;
  /** The columns that are compared. */
  columns: readonly string[];
  /** Where the id of the event stands. */
  named: string;
  /** Rows are replaced by their key. */
  isKeyed?: true;
  /** The column with the index of an event in its delivery. */
  position?: string;
}

export const tables: readonly TableUnderTest[] = [
  { stream: 'raw', table: 'faults.raw', id: 'hit_id', named: 'payload', columns: ['payload'] },
  {
    ...{ stream: 'events', table: 'faults.events', id: 'delivery_id', named: 'event_id' },
    columns: ['event_id', 'event_name', 'event_time', 'tenant_id', 'payload'],
  },
  {
    ...{ stream: 'orders', table: 'faults.orders', id: 'delivery_id', named: 'id' },
    columns: ['id', 'version', 'payload'],
    isKeyed: true,
  },
  {
    ...{ stream: 'typed', table: 'faults.typed', id: 'delivery_id', named: 'id' },
    columns: ['id', 'payload', 'count', 'sum', 'ratio', 'on', 'at', 'day', 'note', 'more'],
  },
  {
    ...{ stream: 'lists', table: 'faults.lists', id: 'delivery_id', named: 'id' },
    columns: ['id', 'payload', 'position'],
    position: 'position',
  },
  {
    ...{ stream: 'forms', table: 'faults.forms', id: 'delivery_id', named: 'id' },
    columns: ['id', 'payload'],
  },
];

type Expect = (delivery: Delivery, position: number) => Cells;

const micros = (time: string, more: number) => String(Date.parse(time) * 1000 + more);

const expectations: Partial<Record<StreamName, Expect>> = {
  raw: ({ body }) => ({ payload: body }),
  events: ({ id, body }) => ({
    ...{ event_id: `~${id}~`, tenant_id: 't-1' },
    event_name: between(body, '"event_name":"', '"'),
    event_time: micros('2026-04-12T12:00:00Z', 0),
    payload: `${between(body, '"request_body":', '}}')}}`,
  }),
  orders: ({ id, body }) => ({
    ...{ id: `~${id}~`, payload: body },
    version: between(body, '"version":', ','),
  }),
  typed({ id, body, fate }) {
    const number = between(body, '"sum":', '12345678.');
    return {
      ...{ id: `~${id}~`, payload: body, day: '2026-03-02', on: 'true' },
      count: number,
      sum: `${number}12345678.123456789`.replace(/^0+(?=\d)/, ''),
      ratio: between(body, '"ratio":', ','),
      at: fate === 'part' ? null : micros('2026-03-02T10:00:00+02:00', 123_456),
      note: (JSON.parse(body) as { note: string }).note,
      more: `{"n":${number}00000000000000000001}`,
    };
  },
  lists({ id, body }, position) {
    const items = body.slice(1, -1).split(/(?<=\}),(?=\{)/);
    return { id: `~${id}~`, position: String(position), payload: items[position] ?? null };
  },
  forms({ id, body }) {
    const note = new URLSearchParams(body).get('note');
    const object = { id: `~${id}~`, note, sum: '1.50', tag: ['a b', 'c+d'] };
    return { id: `~${id}~`, payload: JSON.stringify(object) };
  },
};

/** The cells of the row of a delivery, or of its event at a position. */
export function expectedCells(delivery: Delivery, position: number): Cells {
  return expectations[delivery.stream]?.(delivery, position) ?? {};
}

function between(text: string, before: string, after: string): string {
  const from = text.indexOf(before) + before.length;
  return text.slice(from, text.indexOf(after, from));
}

/** Why each dead letter must be one. */
export const reasons: Partial<Record<Delivery['fate'], RegExp>> = {
  letter: /^count /,
  part: /^at /,
};
