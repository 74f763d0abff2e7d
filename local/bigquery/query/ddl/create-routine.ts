import type { Token } from '../../sql/lexer.ts';
import { invalidQuery, notSupported } from '../../sql/query-error.ts';
import type { RoutineResource } from '../../storage/routines.ts';
import { newEtag } from '../../tables/new-resource.ts';
import { tableRef } from '../session/names.ts';
import { addRoutine } from '../session/routines.ts';
import type { Session } from '../session/session.ts';
import { splitClosing } from './column-list.ts';
import type { DdlResult } from './ddl-result.ts';
import { readOptions, textOption } from './options.ts';
import { TokenCursor, unexpected } from './token-cursor.ts';

interface Kind {
  kind: 'FUNCTION' | 'TABLE FUNCTION' | 'PROCEDURE';
  isTemporary: boolean;
  replace: boolean;
}

const TYPES = {
  FUNCTION: 'SCALAR_FUNCTION',
  'TABLE FUNCTION': 'TABLE_VALUED_FUNCTION',
  PROCEDURE: 'PROCEDURE',
} as const;

/** Reads CREATE FUNCTION, TABLE FUNCTION or PROCEDURE after these words. */
export async function createRoutine(
  session: Session,
  cursor: TokenCursor,
  tokens: Token[],
  { kind, isTemporary, replace }: Kind,
): Promise<DdlResult> {
  const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
  const path = cursor.path();
  const parameters = readParameters(cursor.group(), session.sql);
  const routine = { ...readBody(session, cursor, tokens, kind), arguments: parameters };
  const statementType = `CREATE_${kind.replaceAll(' ', '_')}`;
  const base = {
    routineType: TYPES[kind],
    creationTime: Date.now(),
    etag: newEtag(),
    ddl: session.sql.slice(tokens[0]?.start, tokens.at(-1)?.end),
    extra: {},
  } as const;
  if (isTemporary) {
    const resource: RoutineResource = {
      ...base,
      ...routine,
      projectId: '',
      datasetId: '',
      routineId: path.join('.'),
    };
    addRoutine(session, path.join('.').toLowerCase(), resource);
    return { statementType, operation: 'CREATE' };
  }
  const { tableId: routineId, ...dataset } = tableRef(path, session.scope);
  session.store.requireDataset(dataset);
  const resource: RoutineResource = { ...base, ...routine, ...dataset, routineId };
  const exists = session.store.routines.get(resource) !== undefined;
  if (exists && ifMissing) return { statementType, operation: 'SKIP' };
  if (exists && !replace)
    throw invalidQuery(
      `Already Exists: Routine ${dataset.projectId}:${dataset.datasetId}.${routineId}`,
    );
  await session.store.routines.save(resource);
  return { statementType, operation: exists ? 'REPLACE' : 'CREATE' };
}

/** `(x INT64, y ANY TYPE, OUT z STRING)` */
function readParameters(tokens: readonly Token[], source: string): RoutineResource['arguments'] {
  const cursor = new TokenCursor(tokens);
  const parameters: RoutineResource['arguments'] = [];
  while (!cursor.done) {
    const mode = cursor.accept('INOUT')
      ? 'INOUT'
      : cursor.accept('OUT')
        ? 'OUT'
        : cursor.accept('IN')
          ? 'IN'
          : undefined;
    const name = cursor.name();
    const type = cursor.accept('ANY', 'TYPE') ? undefined : typeText(cursor, source, /^,$/);
    parameters.push({ name, ...(type !== undefined && { type }), ...(mode && { mode }) });
    if (!cursor.done) cursor.expect(',');
  }
  return parameters;
}

/** The text of a type, up to a word or sign that ends it. */
function typeText(cursor: TokenCursor, source: string, end: RegExp): string {
  const first = cursor.take();
  let last = first;
  for (let depth = 0; !cursor.done; ) {
    const text = cursor.peek()?.text ?? '';
    if (depth === 0 && !/^[<(.]$/.test(text) && end.test(text)) break;
    if (depth === 0 && !/^[<(]$/.test(text)) break;
    if (text === '<' || text === '(') depth += 1;
    if (text === '>' || text === ')') depth -= 1;
    if (text === '>>') depth -= 2;
    last = cursor.take();
    while (depth > 0) {
      const inner = cursor.take();
      if (inner.text === '<' || inner.text === '(') depth += 1;
      if (inner.text === '>' || inner.text === ')') depth -= 1;
      if (inner.text === '>>') depth -= 2;
      last = inner;
    }
  }
  return source.slice(first.start, last.end);
}

type Body = Pick<RoutineResource, 'language' | 'definition' | 'returns'>;

function readBody(
  session: Session,
  cursor: TokenCursor,
  tokens: Token[],
  kind: Kind['kind'],
): Body {
  const { sql } = session;
  if (kind === 'PROCEDURE') {
    if (cursor.accept('OPTIONS')) cursor.group();
    const body = tokens.slice(cursor.index);
    if (body[0]?.text.toUpperCase() !== 'BEGIN') throw unexpected(body[0]);
    return { language: 'SQL', definition: sql.slice(body[0]?.start, body.at(-1)?.end) };
  }
  const returns = cursor.accept('RETURNS')
    ? typeText(cursor, sql, /^(?:AS|LANGUAGE|DETERMINISTIC|NOT|OPTIONS)$/i)
    : undefined;
  if (!cursor.accept('NOT', 'DETERMINISTIC')) cursor.accept('DETERMINISTIC');
  const language = cursor.accept('LANGUAGE') ? cursor.name().toUpperCase() : 'SQL';
  if (language !== 'SQL' && language !== 'JS') throw notSupported(`A function in ${language}`);
  if (cursor.accept('REMOTE')) throw notSupported('A remote function');
  if (cursor.accept('OPTIONS')) refuseLibraries(cursor.group());
  cursor.expect('AS');
  const first = cursor.peek();
  const withReturns = returns === undefined ? {} : { returns };
  if (language === 'JS') {
    const { kind: own, text } = cursor.take();
    if (own !== 'string' || returns === undefined)
      throw invalidQuery('A JavaScript function needs RETURNS and a body in quotes');
    if (cursor.accept('OPTIONS')) refuseLibraries(cursor.group());
    return { language: 'JAVASCRIPT', definition: text, ...withReturns };
  }
  const isBracketed = first?.text === '(';
  const inner = isBracketed ? cursor.group() : tokens.slice(cursor.index);
  if (isBracketed && cursor.accept('OPTIONS')) cursor.group();
  if (isBracketed && !cursor.done) throw unexpected(cursor.peek());
  return {
    language: 'SQL',
    definition: sql.slice(inner[0]?.start, inner.at(-1)?.end),
    ...withReturns,
  };
}

function refuseLibraries(tokens: Token[]): void {
  const options = readOptions(splitClosing(tokens));
  if (options.has('library')) throw notSupported('The option library of a JavaScript function');
  textOption(options, 'description');
}
