import { BigQueryError } from '../../errors.ts';
import type { Token } from '../../sql/lexer.ts';
import { notSupported } from '../../sql/query-error.ts';
import type { Store } from '../../storage/store.ts';
import { quoteTable } from '../../tables/duckdb-types.ts';
import { newDataset } from '../../tables/new-resource.ts';
import type { DatasetRef } from '../../tables/schema.ts';
import { ResultRows } from '../results/result-rows.ts';
import type { QueryResult } from '../select.ts';
import { datasetRef, tableRef } from '../session/names.ts';
import type { Session } from '../session/session.ts';
import { alter } from './alter.ts';
import { createRoutine } from './create-routine.ts';
import { createTable } from './create-table.ts';
import { prepareView } from './create-view.ts';
import type { DdlResult } from './ddl-result.ts';
import { optionProperties, readOptions, textOption } from './options.ts';
import { targetRef } from './target.ts';
import { TokenCursor, unexpected } from './token-cursor.ts';

/** Runs CREATE, DROP, TRUNCATE or ALTER. */
export async function runDdl(session: Session, tokens: Token[]): Promise<QueryResult> {
  const cursor = new TokenCursor(tokens);
  const { target, operation, ...result } = await define(session, cursor, tokens);
  return {
    ...result,
    schema: [],
    rows: ResultRows.none(),
    ...(operation && { operation }),
    ...(target && {
      target: { projectId: target.projectId, datasetId: target.datasetId, tableId: target.tableId },
    }),
  };
}

async function define(session: Session, cursor: TokenCursor, tokens: Token[]): Promise<DdlResult> {
  if (cursor.accept('CREATE')) return create(session, cursor, tokens);
  if (cursor.accept('DROP')) return drop(session, cursor);
  if (cursor.accept('TRUNCATE', 'TABLE')) return truncate(session, cursor);
  if (cursor.accept('ALTER')) return alter(session, cursor);
  const verb = tokens[0]?.text.toUpperCase() ?? '';
  if (UNSUPPORTED.has(verb)) throw notSupported(`The statement ${verb}`);
  throw unexpected(tokens[0]);
}

const UNSUPPORTED = new Set(['EXPORT', 'GRANT', 'LOAD', 'REVOKE', 'UNDROP']);
/** Things that BigQuery can create and this server cannot. */
const ABSENT = new Set([
  'EXTERNAL',
  'MODEL',
  'SEARCH',
  'VECTOR',
  'CAPACITY',
  'RESERVATION',
  'ASSIGNMENT',
  'ROW',
  'AGGREGATE',
  'DATA',
  'CONNECTION',
]);

async function create(session: Session, cursor: TokenCursor, tokens: Token[]): Promise<DdlResult> {
  const replace = cursor.accept('OR', 'REPLACE');
  const kind = cursor.peek()?.text.toUpperCase() ?? '';
  if (ABSENT.has(kind)) throw notSupported(`CREATE ${kind}`);
  if (cursor.accept('SCHEMA')) return createSchema(session, cursor);
  const isTemporary = cursor.accept('TEMP') || cursor.accept('TEMPORARY');
  if (cursor.accept('FUNCTION'))
    return createRoutine(session, cursor, tokens, { kind: 'FUNCTION', isTemporary, replace });
  if (cursor.accept('TABLE', 'FUNCTION'))
    return createRoutine(session, cursor, tokens, { kind: 'TABLE FUNCTION', isTemporary, replace });
  if (cursor.accept('PROCEDURE'))
    return createRoutine(session, cursor, tokens, { kind: 'PROCEDURE', isTemporary, replace });
  const isMaterialized = cursor.accept('MATERIALIZED');
  const isView = cursor.accept('VIEW');
  const isSnapshot = !isView && cursor.accept('SNAPSHOT');
  if (!isView) cursor.expect('TABLE');
  const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
  const ref = targetRef(session, cursor.path(), isTemporary);
  const statementType = isView
    ? isMaterialized
      ? 'CREATE_MATERIALIZED_VIEW'
      : 'CREATE_VIEW'
    : isSnapshot
      ? 'CREATE_SNAPSHOT_TABLE'
      : 'CREATE_TABLE';
  const { store } = session;
  const exists = store.getTable(ref) !== undefined;
  if (exists && ifMissing) return { statementType, operation: 'SKIP', target: ref };
  if (exists && !replace) store.requireFree(ref);
  const make = isView
    ? await prepareView(session, cursor, ref, tokens, isMaterialized)
    : await createTable(session, cursor, ref, tokens);
  if (replace && exists) await store.deleteTable(ref);
  await make();
  if (isTemporary) session.temporary.set(ref.tableId.toLowerCase(), ref);
  const asSelect = make.isFilled === true ? '_AS_SELECT' : '';
  return {
    statementType: statementType + asSelect,
    operation: replace && exists ? 'REPLACE' : 'CREATE',
    target: ref,
  };
}

async function createSchema({ store, scope }: Session, cursor: TokenCursor): Promise<DdlResult> {
  const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
  const ref = datasetRef(cursor.path(), scope);
  const options = cursor.accept('OPTIONS') ? readOptions(cursor.group()) : new Map();
  if (!cursor.done) throw unexpected(cursor.peek());
  const location = textOption(options, 'location');
  const exists = store.getDataset(ref) !== undefined;
  if (!ifMissing || !exists) {
    await store.createDataset(
      newDataset(ref, { extra: optionProperties(options), ...(location && { location }) }),
    );
  }
  return { statementType: 'CREATE_SCHEMA', operation: exists ? 'SKIP' : 'CREATE' };
}

const DROPPED = [
  'MATERIALIZED VIEW',
  'VIEW',
  'SNAPSHOT TABLE',
  'TABLE FUNCTION',
  'TABLE',
  'FUNCTION',
  'PROCEDURE',
];

async function drop(session: Session, cursor: TokenCursor): Promise<DdlResult> {
  const { store, scope } = session;
  if (cursor.accept('SCHEMA')) {
    const ifThere = cursor.accept('IF', 'EXISTS');
    const ref = datasetRef(cursor.path(), scope);
    if (ifThere && store.getDataset(ref) === undefined)
      return { statementType: 'DROP_SCHEMA', operation: 'SKIP' };
    if (cursor.accept('CASCADE')) await dropTables(store, ref);
    else cursor.accept('RESTRICT');
    await store.deleteDataset(ref);
    return { statementType: 'DROP_SCHEMA', operation: 'DROP' };
  }
  cursor.accept('TEMP');
  const kind = DROPPED.find((words) => cursor.accept(...words.split(' ')));
  if (kind === undefined) {
    const word = cursor.peek()?.text.toUpperCase() ?? '';
    throw ABSENT.has(word) ? notSupported(`DROP ${word}`) : unexpected(cursor.peek());
  }
  const ifThere = cursor.accept('IF', 'EXISTS');
  const path = cursor.path();
  if (!cursor.done) throw unexpected(cursor.peek());
  const statementType = `DROP_${kind.replaceAll(' ', '_')}`;
  if (kind.endsWith('FUNCTION') || kind === 'PROCEDURE')
    return dropRoutine(session, path, ifThere, statementType);
  const ref = targetRef(session, path, false);
  const table = store.getTable(ref);
  if (ifThere && table === undefined) return { statementType, operation: 'SKIP', target: ref };
  const wanted = kind.endsWith('VIEW') ? 'VIEW' : 'TABLE';
  if (store.requireTable(ref).type !== wanted) {
    throw new BigQueryError('invalidQuery', `${ref.tableId} is not a ${wanted.toLowerCase()}`, {
      location: 'query',
    });
  }
  await store.deleteTable(ref);
  session.temporary.delete(ref.tableId.toLowerCase());
  return { statementType, operation: 'DROP', target: ref };
}

async function dropRoutine(
  session: Session,
  path: readonly string[],
  ifThere: boolean,
  statementType: string,
): Promise<DdlResult> {
  const name = path.join('.').toLowerCase();
  if (session.routines.delete(name)) return { statementType, operation: 'DROP' };
  const { tableId: routineId, ...dataset } = tableRef(path, session.scope);
  const ref = { ...dataset, routineId };
  if (ifThere && session.store.routines.get(ref) === undefined)
    return { statementType, operation: 'SKIP' };
  await session.store.routines.delete(ref);
  return { statementType, operation: 'DROP' };
}

export async function dropTables(store: Store, ref: DatasetRef): Promise<void> {
  for (const table of store.listTables(ref)) await store.deleteTable(table);
  for (const routine of store.routines.list(ref)) await store.routines.delete(routine);
}

async function truncate(session: Session, cursor: TokenCursor): Promise<DdlResult> {
  const table = session.store.requireTable(targetRef(session, cursor.path(), false));
  const sql = `DELETE FROM ${quoteTable(table)}`;
  const result = await session.store.transact(table, 'exclusive', (connection) =>
    connection.run(sql),
  );
  return { statementType: 'TRUNCATE_TABLE', target: table, affectedRows: result.rowsChanged };
}
