import type { Token } from '../lexer.ts';
import { readPath, readSource } from './from.ts';
import { readerOf } from './parse.ts';
import type { Reader } from './reader.ts';
import type { Assignment, Change, InsertRows, MergeClause } from './trees/change-tree.ts';
import type { Expression } from './trees/tree.ts';

/** INSERT, UPDATE, DELETE or MERGE. Throws invalidQuery. */
export function parseChange(tokens: readonly Token[]): Change {
  const reader = readerOf(tokens);
  const change = readChange(reader);
  if (!reader.done) throw reader.unexpected();
  return change;
}

function readChange(reader: Reader): Change {
  const { pos } = reader;
  if (reader.accept('INSERT')) {
    reader.accept('INTO');
    const table = readPath(reader);
    const columns =
      reader.is('(') && !reader.startsQuery() ? reader.group(() => reader.identifier()) : undefined;
    return { kind: 'insert', pos, table, ...(columns && { columns }), rows: readRows(reader) };
  }
  if (reader.accept('UPDATE')) {
    const target = readTarget(reader);
    reader.expect('SET');
    const sets = reader.list(() => readAssignment(reader));
    const from = reader.accept('FROM') ? readSource(reader) : undefined;
    return {
      kind: 'update',
      pos,
      ...target,
      sets,
      ...(from && { from }),
      where: readWhere(reader, 'UPDATE', pos),
    };
  }
  if (reader.accept('DELETE')) {
    reader.accept('FROM');
    return { kind: 'delete', pos, ...readTarget(reader), where: readWhere(reader, 'DELETE', pos) };
  }
  reader.expect('MERGE');
  reader.accept('INTO');
  const target = readTarget(reader);
  reader.expect('USING');
  const source = readSource(reader);
  reader.expect('ON');
  const on = reader.expression();
  const clauses: MergeClause[] = [];
  while (reader.accept('WHEN')) clauses.push(readClause(reader));
  if (clauses.length === 0) throw reader.unexpected();
  return { kind: 'merge', pos, ...target, source, on, clauses };
}

function readTarget(reader: Reader): { table: string[]; alias?: string } {
  const table = readPath(reader);
  const alias = reader.alias();
  return { table, ...(alias !== undefined && { alias }) };
}

/** BigQuery changes no rows without a WHERE clause. */
function readWhere(reader: Reader, verb: string, pos: number): Expression {
  if (reader.accept('WHERE')) return reader.expression();
  if (!reader.done) throw reader.unexpected();
  throw reader.failure(`${verb} must have a WHERE clause`, pos);
}

function readRows(reader: Reader): InsertRows {
  if (!reader.accept('VALUES')) return { query: reader.query() };
  return { values: reader.list(() => reader.group(() => readValue(reader))) };
}

function readValue(reader: Reader): Expression | 'DEFAULT' {
  return reader.accept('DEFAULT') ? 'DEFAULT' : reader.expression();
}

function readAssignment(reader: Reader): Assignment {
  const { pos } = reader;
  const path = [reader.identifier()];
  while (reader.accept('.')) path.push(reader.anyName());
  reader.expect('=');
  return { path, value: readValue(reader), pos };
}

function readClause(reader: Reader): MergeClause {
  let when: MergeClause['when'] = 'MATCHED';
  if (reader.accept('NOT', 'MATCHED')) {
    when = 'NOT MATCHED BY TARGET';
    if (reader.accept('BY', 'SOURCE')) when = 'NOT MATCHED BY SOURCE';
    else reader.accept('BY', 'TARGET');
  } else reader.expect('MATCHED');
  const and = reader.accept('AND') ? reader.expression() : undefined;
  reader.expect('THEN');
  return { when, ...(and && { and }), action: readAction(reader) };
}

function readAction(reader: Reader): MergeClause['action'] {
  if (reader.accept('DELETE')) return { kind: 'delete' };
  if (reader.accept('UPDATE', 'SET'))
    return { kind: 'update', sets: reader.list(() => readAssignment(reader)) };
  reader.expect('INSERT');
  if (reader.accept('ROW')) return { kind: 'insert', values: 'ROW' };
  const columns = reader.is('(') ? reader.group(() => reader.identifier()) : undefined;
  if (reader.accept('ROW')) return { kind: 'insert', ...(columns && { columns }), values: 'ROW' };
  reader.expect('VALUES');
  return {
    kind: 'insert',
    ...(columns && { columns }),
    values: reader.group(() => readValue(reader)),
  };
}
