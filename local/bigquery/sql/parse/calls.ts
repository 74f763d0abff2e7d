import { isIdentifier, type Reader } from './reader.ts';
import type {
  Argument,
  Call,
  Expression,
  FrameBound,
  OrderItem,
  WindowSpec,
} from './trees/tree.ts';

/** Reserved words that are functions as well. */
const RESERVED_CALLS: ReadonlySet<string> = new Set([
  'IF',
  'LEFT',
  'RIGHT',
  'GROUPING',
  'COLLATE',
  'RANGE',
]);
/** Functions that are called without brackets. */
const BARE: ReadonlySet<string> = new Set([
  'CURRENT_DATE',
  'CURRENT_DATETIME',
  'CURRENT_TIME',
  'CURRENT_TIMESTAMP',
]);

/** How many tokens the name of the call at the reader has; 0 if no call begins there. */
function nameLength(reader: Reader): number {
  const first = reader.peek();
  if (!isIdentifier(first) && !RESERVED_CALLS.has(reader.word())) return 0;
  if (BARE.has(reader.word()) && reader.symbol(1) !== '.') return 1;
  for (let length = 1; ; length += 2) {
    if (reader.symbol(length) === '(') return length;
    const next = reader.peek(length + 1);
    if (reader.symbol(length) !== '.' || (next?.kind !== 'word' && next?.kind !== 'quoted'))
      return 0;
  }
}

export function isCallAhead(reader: Reader): boolean {
  return nameLength(reader) > 0;
}

export function readCall(reader: Reader): Expression {
  const { pos } = reader;
  const tokens = reader.tokens.slice(reader.at, reader.at + nameLength(reader));
  reader.at += tokens.length;
  const path = tokens.filter(({ kind }) => kind !== 'symbol').map(({ text }) => text);
  const safe = path.length > 1 && path[0]?.toUpperCase() === 'SAFE';
  const spelt = (safe ? path.slice(1) : path).join('.');
  const call: Call = {
    kind: 'call',
    name: spelt.toUpperCase(),
    spelt,
    safe,
    star: false,
    args: [],
    distinct: false,
    orderBy: [],
  };
  if (reader.accept('(')) readArguments(reader, call);
  if (reader.accept('OVER')) call.over = readOver(reader);
  return { ...call, pos };
}

function readArguments(reader: Reader, call: Call): void {
  if (reader.accept(')')) return;
  if (reader.accept('*')) {
    call.star = true;
  } else {
    call.distinct = reader.accept('DISTINCT');
    call.args = reader.list(() => readArgument(reader));
  }
  if (reader.accept('IGNORE', 'NULLS')) call.nulls = 'IGNORE';
  if (reader.accept('RESPECT', 'NULLS')) call.nulls = 'RESPECT';
  if (reader.accept('HAVING')) {
    const most = reader.accept('MAX') ? 'MAX' : 'MIN';
    if (most === 'MIN') reader.expect('MIN');
    call.having = { most, of: reader.expression() };
  }
  if (reader.accept('ORDER', 'BY')) call.orderBy = reader.list(() => readOrderItem(reader));
  if (reader.accept('LIMIT')) call.limit = reader.expression();
  reader.expect(')');
}

function readArgument(reader: Reader): Argument {
  if (isIdentifier(reader.peek()) && reader.symbol(1) === '=>') {
    const name = reader.identifier().toLowerCase();
    reader.expect('=>');
    return { name, value: reader.expression() };
  }
  const { pos } = reader;
  if (reader.startsQuery()) {
    return { value: { kind: 'subquery', mode: 'scalar', query: reader.query(), pos } };
  }
  const lambda = readLambda(reader);
  return { value: lambda ?? reader.expression() };
}

/** `x -> …` or `(x, y) -> …`. */
function readLambda(reader: Reader): Expression | undefined {
  const { pos, at } = reader;
  if (isIdentifier(reader.peek()) && reader.symbol(1) === '->') {
    const parameters = [reader.identifier()];
    reader.expect('->');
    return { kind: 'lambda', parameters, body: reader.expression(), pos };
  }
  if (!reader.is('(')) return undefined;
  let ahead = 1;
  const parameters: string[] = [];
  for (; isIdentifier(reader.peek(ahead)); ahead += 2) {
    parameters.push(reader.peek(ahead)?.text ?? '');
    if (reader.symbol(ahead + 1) !== ',') break;
  }
  if (reader.symbol(ahead + 1) !== ')' || reader.symbol(ahead + 2) !== '->') return undefined;
  reader.at = at + ahead + 3;
  return { kind: 'lambda', parameters, body: reader.expression(), pos };
}

export function readOrderItem(reader: Reader): OrderItem {
  const value = readCollated(reader);
  const descending = reader.accept('DESC');
  if (!descending) reader.accept('ASC');
  if (!reader.accept('NULLS')) return { value, descending };
  const nulls = reader.accept('FIRST') ? 'FIRST' : 'LAST';
  if (nulls === 'LAST') reader.expect('LAST');
  return { value, descending, nulls };
}

/** `x COLLATE 'und:ci'` is the call COLLATE(x, 'und:ci'). */
function readCollated(reader: Reader): Expression {
  const value = reader.expression();
  if (!reader.accept('COLLATE')) return value;
  const { pos } = reader;
  return {
    kind: 'call',
    name: 'COLLATE',
    spelt: 'COLLATE',
    safe: false,
    args: [{ value }, { value: reader.expression() }],
    star: false,
    distinct: false,
    orderBy: [],
    pos,
  };
}

function readOver(reader: Reader): WindowSpec {
  if (!reader.is('(')) return { name: reader.identifier(), partitionBy: [], orderBy: [] };
  return readWindow(reader);
}

/** `([name] [PARTITION BY …] [ORDER BY …] [ROWS …])` */
export function readWindow(reader: Reader): WindowSpec {
  reader.expect('(');
  const window: WindowSpec = { partitionBy: [], orderBy: [] };
  if (isIdentifier(reader.peek())) window.name = reader.identifier();
  if (reader.accept('PARTITION', 'BY')) {
    window.partitionBy = reader.list(() => reader.expression());
  }
  if (reader.accept('ORDER', 'BY')) window.orderBy = reader.list(() => readOrderItem(reader));
  const unit = reader.word();
  if (unit === 'ROWS' || unit === 'RANGE') {
    reader.take();
    if (reader.accept('BETWEEN')) {
      const start = readBound(reader);
      reader.expect('AND');
      window.frame = { unit, start, end: readBound(reader) };
    } else window.frame = { unit, start: readBound(reader) };
  }
  reader.expect(')');
  return window;
}

function readBound(reader: Reader): FrameBound {
  if (reader.accept('UNBOUNDED', 'PRECEDING')) return { kind: 'UNBOUNDED PRECEDING' };
  if (reader.accept('UNBOUNDED', 'FOLLOWING')) return { kind: 'UNBOUNDED FOLLOWING' };
  if (reader.accept('CURRENT', 'ROW')) return { kind: 'CURRENT ROW' };
  const by = reader.expression();
  if (reader.accept('PRECEDING')) return { kind: 'PRECEDING', by };
  reader.expect('FOLLOWING');
  return { kind: 'FOLLOWING', by };
}
