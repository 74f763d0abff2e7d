import { readOrderItem } from './calls.ts';
import { readSource } from './from.ts';
import { readPipe } from './pipes.ts';
import type { Reader } from './reader.ts';
import { readSelect } from './select.ts';
import type { CommonTable, Query, QueryBody, SetOperation } from './trees/tree.ts';

/** `[WITH …] body [ORDER BY …] [LIMIT …] [|> …]` */
export function readQuery(reader: Reader): Query {
  const { pos } = reader;
  const query: Query = {
    kind: 'query',
    pos,
    with: [],
    recursive: false,
    body: { kind: 'from', from: { kind: 'table', path: [], pos } },
    orderBy: [],
    pipes: [],
  };
  if (reader.accept('WITH')) {
    query.recursive = reader.accept('RECURSIVE');
    query.with = reader.list(() => readCommonTable(reader));
  }
  query.body = readBody(reader);
  if (reader.accept('ORDER', 'BY')) query.orderBy = reader.list(() => readOrderItem(reader));
  if (reader.accept('LIMIT')) {
    query.limit = reader.expression();
    if (reader.accept('OFFSET')) query.offset = reader.expression();
  }
  while (reader.is('|>')) query.pipes.push(readPipe(reader));
  return query;
}

function readCommonTable(reader: Reader): CommonTable {
  const { pos } = reader;
  const name = reader.identifier();
  reader.expect('AS', '(');
  const query = reader.query();
  reader.expect(')');
  return { name, query, pos };
}

function readBody(reader: Reader): QueryBody {
  let left = readTerm(reader);
  let first: string | undefined;
  for (;;) {
    const { pos, at } = reader;
    const operation = readOperator(reader);
    if (operation === undefined) return left;
    first ??= operation.operator;
    if (operation.operator !== first) {
      // GoogleSQL wants brackets where two different operators meet.
      reader.at = at;
      throw reader.unexpected();
    }
    left = { kind: 'set', pos, ...operation, left, right: readTerm(reader) };
  }
}

/** A set operator. GoogleSQL has no plain UNION, INTERSECT or EXCEPT. */
function readOperator(reader: Reader): Pick<SetOperation, 'operator' | 'byName'> | undefined {
  const mode = ['FULL', 'LEFT', 'INNER'].find((word) => reader.is(word));
  const ahead = mode === undefined ? 0 : reader.word(1) === 'OUTER' ? 2 : 1;
  const word = reader.word(ahead);
  if (word !== 'UNION' && word !== 'INTERSECT' && word !== 'EXCEPT') return undefined;
  reader.at += ahead + 1;
  const all = word === 'UNION' && reader.accept('ALL');
  if (!all && !reader.accept('DISTINCT')) {
    throw reader.expected('keyword ALL or keyword DISTINCT');
  }
  const byName = readByName(reader, mode);
  return { operator: all ? 'UNION ALL' : word, ...(byName && { byName }) };
}

function readByName(reader: Reader, mode: string | undefined): SetOperation['byName'] {
  const named = reader.accept('BY', 'NAME') || reader.accept('STRICT', 'CORRESPONDING');
  const corresponding = !named && reader.accept('CORRESPONDING');
  if (!named && !corresponding && mode === undefined) return undefined;
  const listed = reader.accept('ON') || reader.accept('BY');
  const columns = listed ? { columns: reader.group(() => reader.identifier()) } : {};
  return {
    mode: (mode ?? (corresponding ? 'INNER' : 'STRICT')) as 'STRICT' | 'INNER',
    ...columns,
  };
}

function readTerm(reader: Reader): QueryBody {
  if (reader.is('FROM')) {
    reader.expect('FROM');
    return { kind: 'from', from: readSource(reader) };
  }
  if (!reader.is('(')) return readSelect(reader);
  reader.expect('(');
  const query = reader.query();
  reader.expect(')');
  return query;
}
