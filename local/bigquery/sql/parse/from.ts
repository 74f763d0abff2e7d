import { readPivot, readUnpivot } from './pivot.ts';
import { isIdentifier, type Reader } from './reader.ts';
import type { Expression, JoinType, Source } from './trees/tree.ts';

/** The tables after FROM, with their joins. A comma is a cross join that binds as tightly as JOIN does. */
export function readSource(reader: Reader): Source {
  let left = readItem(reader);
  for (;;) {
    const { pos } = reader;
    if (reader.accept(',')) {
      left = { kind: 'join', type: 'COMMA', left, right: readItem(reader), pos };
      continue;
    }
    const type = readJoinType(reader);
    if (type === undefined) return left;
    const right = readItem(reader);
    left = { kind: 'join', type, left, right, ...readCondition(reader), pos };
  }
}

export function readJoinType(reader: Reader): JoinType | undefined {
  if (reader.accept('CROSS', 'JOIN')) return 'CROSS';
  if (reader.accept('INNER', 'JOIN') || reader.accept('JOIN')) return 'INNER';
  for (const type of ['LEFT', 'RIGHT', 'FULL'] as const) {
    if (reader.accept(type, 'OUTER', 'JOIN') || reader.accept(type, 'JOIN')) return type;
  }
  return undefined;
}

export function readCondition(reader: Reader): { on?: Expression; using?: string[] } {
  if (reader.accept('ON')) return { on: reader.expression() };
  if (reader.accept('USING')) return { using: reader.group(() => reader.identifier()) };
  return {};
}

function readItem(reader: Reader): Source {
  let source = readPlain(reader);
  for (;;) {
    const { pos } = reader;
    if (reader.is('PIVOT', '(')) {
      reader.take();
      const alias = { ...readPivot(reader), ...optionalAlias(reader) };
      source = { kind: 'pivot', source, ...alias, pos };
    } else if (
      reader.is('UNPIVOT') &&
      (reader.symbol(1) === '(' || ['INCLUDE', 'EXCLUDE'].includes(reader.word(1)))
    ) {
      reader.take();
      source = {
        kind: 'unpivot',
        source,
        unpivot: readUnpivot(reader),
        ...optionalAlias(reader),
        pos,
      };
    } else if (reader.is('TABLESAMPLE')) {
      const sample = readSample(reader);
      if (source.kind === 'table') source.sample = sample;
    } else return source;
  }
}

function optionalAlias(reader: Reader): { alias?: string } {
  const alias = reader.alias();
  return alias === undefined ? {} : { alias };
}

/** The percentage of `TABLESAMPLE SYSTEM (n PERCENT)`. */
export function readSample(reader: Reader): number {
  reader.expect('TABLESAMPLE', 'SYSTEM', '(');
  const percent = Number(reader.take().text);
  reader.expect('PERCENT', ')');
  return percent;
}

function readPlain(reader: Reader): Source {
  const { pos } = reader;
  if (reader.is('(')) {
    if (reader.startsQuery()) return readSubquery(reader);
    reader.expect('(');
    const source = readSource(reader);
    reader.expect(')');
    return source;
  }
  if (reader.accept('UNNEST')) {
    reader.expect('(');
    const array = reader.expression();
    reader.expect(')');
    return { kind: 'unnest', array, ...optionalAlias(reader), ...readOffset(reader), pos };
  }
  reader.accept('LATERAL');
  if (reader.is('(')) return readSubquery(reader);
  return readTable(reader);
}

function readSubquery(reader: Reader): Source {
  const { pos, at } = reader;
  reader.expect('(');
  const query = reader.query();
  if (reader.is(')')) {
    reader.take();
    return { kind: 'subquery', query, ...optionalAlias(reader), pos };
  }
  // `((SELECT …) JOIN …)`
  reader.at = at + 1;
  const source = readSource(reader);
  reader.expect(')');
  return source;
}

function readOffset(reader: Reader): { offset?: string } {
  if (!reader.accept('WITH', 'OFFSET')) return {};
  if (reader.accept('AS')) return { offset: reader.identifier() };
  return { offset: isIdentifier(reader.peek()) ? (reader.alias() ?? 'offset') : 'offset' };
}

function readTable(reader: Reader): Source {
  const { pos } = reader;
  const path = readPath(reader);
  if (reader.is('(')) {
    const args = reader.accept('(', ')') ? [] : reader.group(() => readTvfArgument(reader));
    return { kind: 'function', name: path.join('.'), args, ...optionalAlias(reader), pos };
  }
  const early = readSystemTime(reader);
  const alias = optionalAlias(reader);
  const late = readSystemTime(reader);
  return { kind: 'table', path, ...early, ...alias, ...late, ...readOffset(reader), pos };
}

function readTvfArgument(reader: Reader): Expression {
  if (reader.is('TABLE')) reader.take();
  return reader.expression();
}

function readSystemTime(reader: Reader): { systemTime?: Expression } {
  if (
    reader.accept('FOR', 'SYSTEM_TIME', 'AS', 'OF') ||
    reader.accept('FOR', 'SYSTEM', 'TIME', 'AS', 'OF')
  ) {
    return { systemTime: reader.expression() };
  }
  return {};
}

/** A dotted path, with dots inside or outside of backticks. An unquoted project name may contain dashes. */
export function readPath(reader: Reader): string[] {
  if (!isIdentifier(reader.peek())) throw reader.unexpected();
  let text = '';
  let end: number | undefined;
  for (let token = reader.peek(); token !== undefined; token = reader.peek()) {
    const isName = token.kind === 'word' || token.kind === 'quoted' || token.kind === 'number';
    const isLink = token.kind === 'symbol' && /^[.-]$/.test(token.text);
    const follows =
      text === '' ||
      (end === token.start &&
        (isLink || /[.-]$/.test(text) || /^\.?\d/.test(token.text) || /\d$/.test(text)));
    if (!follows || !(isName || isLink)) break;
    text += token.text;
    end = token.end;
    reader.take();
  }
  const path = text.split('.');
  if (path.some((part) => part === '')) throw reader.unexpected();
  return path;
}
