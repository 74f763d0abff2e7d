import { readWindow } from './calls.ts';
import { readSource } from './from.ts';
import type { Reader } from './reader.ts';
import type { Expression, GroupBy, GroupItem, Select, SelectItem } from './trees/tree.ts';

export function readSelect(reader: Reader): Select {
  const { pos } = reader;
  reader.expect('SELECT');
  const select: Select = { kind: 'select', pos, distinct: false, items: [], windows: [] };
  if (reader.accept('DISTINCT')) select.distinct = true;
  else reader.accept('ALL');
  if (reader.is('AS') && (reader.word(1) === 'STRUCT' || reader.word(1) === 'VALUE')) {
    select.as = reader.word(1) as 'STRUCT' | 'VALUE';
    reader.at += 2;
  }
  if (ENDS.has(reader.word()) && reader.word() !== '')
    throw reader.syntax('SELECT list must not be empty');
  select.items = readSelectItems(reader);
  if (reader.accept('FROM')) select.from = readSource(reader);
  if (reader.accept('WHERE')) select.where = reader.expression();
  if (reader.accept('GROUP', 'BY')) select.groupBy = readGroupBy(reader);
  if (reader.accept('HAVING')) select.having = reader.expression();
  if (reader.accept('QUALIFY')) select.qualify = reader.expression();
  if (reader.accept('WINDOW')) {
    select.windows = reader.list(() => {
      const name = reader.identifier();
      reader.expect('AS');
      if (reader.is('(')) return { name, window: readWindow(reader) };
      return { name, window: { name: reader.identifier(), partitionBy: [], orderBy: [] } };
    });
  }
  return select;
}

const ENDS: ReadonlySet<string> = new Set(['FROM', 'WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT']);

/** The items of a list, after which a comma may stand. */
export function readSelectItems(reader: Reader): SelectItem[] {
  const items = [readSelectItem(reader)];
  while (reader.accept(',')) {
    if (reader.done || ENDS.has(reader.word()) || reader.is(')') || reader.is('|>')) break;
    items.push(readSelectItem(reader));
  }
  return items;
}

function readSelectItem(reader: Reader): SelectItem {
  const { pos } = reader;
  if (reader.accept('*')) return readStar(reader, pos, undefined);
  const value = reader.expression();
  if (reader.is('.', '*')) {
    reader.expect('.', '*');
    return readStar(reader, pos, value);
  }
  const alias = reader.alias();
  return { kind: 'expression', value, ...(alias !== undefined && { alias }) };
}

function readStar(reader: Reader, pos: number, of: Expression | undefined): SelectItem {
  const except = reader.is('EXCEPT', '(') ? readExcept(reader) : [];
  const replace = reader.accept('REPLACE')
    ? reader.group(() => {
        const value = reader.expression();
        reader.expect('AS');
        return { name: reader.identifier(), value };
      })
    : [];
  return { kind: 'star', ...(of && { of }), except, replace, pos };
}

function readExcept(reader: Reader): string[] {
  reader.expect('EXCEPT');
  return reader.group(() => reader.identifier());
}

function readGroupBy(reader: Reader): GroupBy {
  if (reader.accept('ALL')) return { all: true, items: [] };
  return { all: false, items: reader.list(() => readGroupItem(reader)) };
}

function readGroupItem(reader: Reader): GroupItem {
  if (reader.accept('ROLLUP')) return { kind: 'rollup', items: readGroupLists(reader) };
  if (reader.accept('CUBE')) return { kind: 'cube', items: readGroupLists(reader) };
  if (reader.accept('GROUPING', 'SETS')) {
    return { kind: 'sets', items: reader.group(() => readGroupItem(reader)) };
  }
  if (reader.is('(', ')')) {
    reader.expect('(', ')');
    return { kind: 'rollup', items: [] };
  }
  const value = reader.expression();
  const alias = reader.accept('AS') ? reader.identifier() : undefined;
  return { kind: 'expression', value, ...(alias !== undefined && { alias }) };
}

function readGroupLists(reader: Reader): Expression[][] {
  return reader.group(() => {
    const item = reader.expression();
    return item.kind === 'struct' ? item.fields.map(({ value }) => value) : [item];
  });
}
