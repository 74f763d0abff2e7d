import { notSupported } from '../query-error.ts';
import { readOrderItem } from './calls.ts';
import { readCondition, readJoinType, readSample, readSource } from './from.ts';
import { readPivot, readUnpivot } from './pivot.ts';
import type { Reader } from './reader.ts';
import { readSelectItems } from './select.ts';
import type { Expression, Pipe, SetOperation } from './trees/tree.ts';

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax */
export function readPipe(reader: Reader): Pipe {
  reader.expect('|>');
  const { pos } = reader;
  const type = readJoinType(reader);
  if (type !== undefined) {
    const right = readSource(reader);
    return { kind: 'join', type, right, ...readCondition(reader), pos };
  }
  const word = reader.word();
  if (ABSENT.has(word)) throw notSupported(`The pipe operator ${word}`, reader.pos);
  const read = READERS[word];
  if (read === undefined) throw reader.unexpected();
  reader.take();
  return { ...read(reader, word), pos } as Pipe;
}

/** Operators that are not here. */
const ABSENT: ReadonlySet<string> = new Set(['WITH', 'CALL', 'MATCH_RECOGNIZE']);

type Body<T> = T extends unknown ? Omit<T, 'pos'> : never;

const READERS: Readonly<Record<string, (reader: Reader, word: string) => Body<Pipe>>> = {
  SELECT: (reader) => {
    const distinct = reader.accept('DISTINCT');
    return { kind: 'select', distinct, items: readSelectItems(reader) };
  },
  ASSERT: (reader) => {
    const [condition, ...messages] = reader.list(() => reader.expression());
    return { kind: 'assert', condition: condition as Expression, messages };
  },
  WINDOW: (reader) => ({ kind: 'extend', items: readSelectItems(reader) }),
  EXTEND: (reader) => ({ kind: 'extend', items: readSelectItems(reader) }),
  SET: (reader) => ({
    kind: 'set',
    items: reader.list(() => {
      const name = reader.identifier();
      reader.expect('=');
      return { name, value: reader.expression() };
    }),
  }),
  DROP: (reader) => ({ kind: 'drop', names: reader.list(() => reader.identifier()) }),
  RENAME: (reader) => ({
    kind: 'rename',
    names: reader.list(() => {
      const from = reader.identifier();
      reader.accept('AS');
      return { from, to: reader.identifier() };
    }),
  }),
  AS: (reader) => ({ kind: 'as', alias: reader.identifier() }),
  WHERE: (reader) => ({ kind: 'where', condition: reader.expression() }),
  LIMIT: (reader) => {
    const limit = reader.expression();
    return {
      kind: 'limit',
      limit,
      ...(reader.accept('OFFSET') && { offset: reader.expression() }),
    };
  },
  ORDER: (reader) => {
    reader.expect('BY');
    return { kind: 'order', orderBy: reader.list(() => readOrderItem(reader)) };
  },
  AGGREGATE: readAggregate,
  DISTINCT: () => ({ kind: 'distinct' }),
  UNION: readSetOperation,
  INTERSECT: readSetOperation,
  EXCEPT: readSetOperation,
  PIVOT: (reader) => ({ kind: 'pivot', ...readPivot(reader) }),
  UNPIVOT: (reader) => ({ kind: 'unpivot', unpivot: readUnpivot(reader) }),
  TABLESAMPLE: (reader) => {
    reader.at -= 1;
    readSample(reader);
    return { kind: 'sample' };
  },
};

function readAggregate(reader: Reader): Body<Pipe> {
  const items = reader.is('GROUP') ? [] : readSelectItems(reader);
  const ordered = reader.accept('GROUP', 'AND', 'ORDER', 'BY');
  if (!ordered && !reader.accept('GROUP', 'BY')) return { kind: 'aggregate', items, groupBy: [] };
  const groupBy = reader.list(() => {
    const value = reader.expression();
    const alias = reader.alias();
    const descending = reader.accept('DESC');
    const ascending = !descending && (reader.accept('ASC') || ordered);
    const order = descending
      ? ({ order: 'DESC' } as const)
      : ascending
        ? ({ order: 'ASC' } as const)
        : {};
    return { value, ...(alias !== undefined && { alias }), ...order };
  });
  return { kind: 'aggregate', items, groupBy };
}

function readSetOperation(reader: Reader, word: string): Body<Pipe> {
  const all = word === 'UNION' && reader.accept('ALL');
  if (!all) reader.expect('DISTINCT');
  const queries = reader.list(() => {
    reader.expect('(');
    const query = reader.query();
    reader.expect(')');
    return query;
  });
  return {
    kind: 'set operation',
    operator: (all ? 'UNION ALL' : word) as SetOperation['operator'],
    queries,
  };
}
