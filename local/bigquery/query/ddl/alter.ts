import { BigQueryError } from '../../errors.ts';
import { invalidQuery, notSupported } from '../../sql/query-error.ts';
import { quoteIdentifier, quoteTable } from '../../tables/duckdb-types.ts';
import { changedTable, newEtag, newTable } from '../../tables/new-resource.ts';
import { type Field, findField, type Table } from '../../tables/schema.ts';
import { changeSchema } from '../../tables/schema-change.ts';
import { datasetRef } from '../session/names.ts';
import type { Session } from '../session/session.ts';
import { readColumn } from './column-list.ts';
import { fill } from './create-table.ts';
import type { DdlResult } from './ddl-result.ts';
import { type OptionValue, optionProperties, readOptions, textOption } from './options.ts';
import { targetRef } from './target.ts';
import { type TokenCursor, unexpected } from './token-cursor.ts';

/** Reads and runs what follows ALTER. */
export async function alter(session: Session, cursor: TokenCursor): Promise<DdlResult> {
  if (cursor.accept('SCHEMA')) return alterSchema(session, cursor);
  const isMaterialized = cursor.accept('MATERIALIZED');
  const isView = cursor.accept('VIEW');
  if (!isView && !cursor.accept('TABLE'))
    throw notSupported(`ALTER ${cursor.peek()?.text.toUpperCase() ?? ''}`);
  const statementType = isMaterialized
    ? 'ALTER_MATERIALIZED_VIEW'
    : isView
      ? 'ALTER_VIEW'
      : 'ALTER_TABLE';
  const ifThere = cursor.accept('IF', 'EXISTS');
  const ref = targetRef(session, cursor.path(), false);
  if (ifThere && session.store.getTable(ref) === undefined)
    return { statementType, operation: 'SKIP', target: ref };
  const table = session.store.requireTable(ref);
  if (cursor.accept('RENAME', 'TO')) {
    await rename(session, table, cursor.name());
    return { statementType, operation: 'ALTER', target: ref };
  }
  let draft: Draft = { table, alterations: [] };
  do draft = action(session, cursor, draft);
  while (cursor.accept(','));
  if (!cursor.done) throw unexpected(cursor.peek());
  const { schema } = draft.table;
  const next = changedTable(table, { ...draft.table, schema });
  await session.store.updateTable(next, draft.alterations);
  return { statementType, operation: 'ALTER', target: ref };
}

interface Draft {
  table: Table;
  alterations: string[];
}

function action(session: Session, cursor: TokenCursor, draft: Draft): Draft {
  if (cursor.accept('ADD', 'COLUMN')) return addColumn(session, cursor, draft);
  if (cursor.accept('ADD', 'PRIMARY', 'KEY')) {
    const columns = cursor
      .group()
      .filter(({ kind }) => kind !== 'symbol')
      .map(({ text }) => text);
    cursor.expect('NOT', 'ENFORCED');
    return { ...draft, table: { ...draft.table, tableConstraints: { primaryKey: { columns } } } };
  }
  if (cursor.accept('DROP', 'PRIMARY', 'KEY')) {
    cursor.accept('IF', 'EXISTS');
    const { tableConstraints: _, ...rest } = draft.table;
    return { ...draft, table: rest };
  }
  if (cursor.accept('DROP', 'COLUMN')) return dropColumn(cursor, draft);
  if (cursor.accept('RENAME', 'COLUMN')) return renameColumn(cursor, draft);
  if (cursor.accept('ALTER', 'COLUMN')) return alterColumn(session, cursor, draft);
  if (cursor.accept('SET', 'OPTIONS'))
    return { ...draft, table: withOptions(draft.table, readOptions(cursor.group())) };
  throw notSupported(`ALTER TABLE … ${cursor.peek()?.text.toUpperCase() ?? ''}`);
}

function addColumn({ sql }: Session, cursor: TokenCursor, { table, alterations }: Draft): Draft {
  const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
  const field = readColumn(cursor, sql);
  if (findField(table.schema, field.name) !== undefined) {
    if (ifMissing) return { table, alterations };
    throw invalidQuery(`Column already exists: ${field.name}`);
  }
  if (field.extra?.['defaultValueExpression'] !== undefined) {
    throw invalidQuery(
      'ALTER TABLE ADD COLUMN cannot have a DEFAULT; use ALTER COLUMN SET DEFAULT afterwards',
    );
  }
  const change = changeSchema(table, [...table.schema, field]);
  return {
    table: { ...table, schema: change.schema },
    alterations: [...alterations, ...change.alterations],
  };
}

function requireField(table: Table, name: string): Field {
  const found = findField(table.schema, name);
  if (found === undefined) throw invalidQuery(`Column not found: ${name}`);
  return found;
}

/** Partitioning, clustering and keys hold on to their columns. */
function refuseUsed(table: Table, field: Field): void {
  const used = [
    table.timePartitioning?.field,
    ...(table.clustering?.fields ?? []),
    ...(table.tableConstraints?.primaryKey?.columns ?? []),
  ];
  if (used.includes(field.name))
    throw invalidQuery(`Column ${field.name} is used for partitioning, clustering or a key`);
}

function dropColumn(cursor: TokenCursor, { table, alterations }: Draft): Draft {
  const ifThere = cursor.accept('IF', 'EXISTS');
  const name = cursor.name();
  if (ifThere && findField(table.schema, name) === undefined) return { table, alterations };
  const field = requireField(table, name);
  refuseUsed(table, field);
  if (table.schema.length === 1) throw invalidQuery('A table must keep one column');
  return {
    table: { ...table, schema: table.schema.filter((each) => each !== field) },
    alterations: [
      ...alterations,
      `ALTER TABLE ${quoteTable(table)} DROP COLUMN ${quoteIdentifier(field.name)}`,
    ],
  };
}

function renameColumn(cursor: TokenCursor, { table, alterations }: Draft): Draft {
  const ifThere = cursor.accept('IF', 'EXISTS');
  const from = cursor.name();
  cursor.expect('TO');
  const to = cursor.name();
  if (ifThere && findField(table.schema, from) === undefined) return { table, alterations };
  const field = requireField(table, from);
  refuseUsed(table, field);
  if (findField(table.schema, to) !== undefined) throw invalidQuery(`Column already exists: ${to}`);
  const rename = `ALTER TABLE ${quoteTable(table)} RENAME COLUMN ${quoteIdentifier(field.name)} TO ${quoteIdentifier(to)}`;
  return {
    table: {
      ...table,
      schema: table.schema.map((each) => (each === field ? { ...field, name: to } : each)),
    },
    alterations: [...alterations, rename],
  };
}

/** Types that a column may be widened to. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ['NUMERIC', 'BIGNUMERIC', 'FLOAT'],
  NUMERIC: ['BIGNUMERIC', 'FLOAT'],
};

function alterColumn({ sql }: Session, cursor: TokenCursor, draft: Draft): Draft {
  const ifThere = cursor.accept('IF', 'EXISTS');
  const name = cursor.name();
  const { table, alterations } = draft;
  const found = findField(table.schema, name);
  const field =
    found ??
    (ifThere
      ? { name, type: 'STRING' as const, mode: 'NULLABLE' as const }
      : requireField(table, name));
  let next: Field = field;
  const own: string[] = [];
  const column = `ALTER TABLE ${quoteTable(table)} ALTER COLUMN ${quoteIdentifier(field.name)}`;
  if (cursor.accept('DROP', 'NOT', 'NULL')) {
    if (field.mode === 'REQUIRED') own.push(`${column} DROP NOT NULL`);
    next = { ...field, mode: field.mode === 'REQUIRED' ? 'NULLABLE' : field.mode };
  } else if (cursor.accept('DROP', 'DEFAULT')) {
    next = withExtra(field, 'defaultValueExpression', undefined);
  } else if (cursor.accept('SET', 'DEFAULT')) {
    const { extra } = readColumn(prefixed(cursor), sql);
    next = withExtra(field, 'defaultValueExpression', extra?.['defaultValueExpression']);
  } else if (cursor.accept('SET', 'OPTIONS')) {
    const description = textOption(readOptions(cursor.group()), 'description');
    next = description === undefined ? field : { ...field, description };
  } else if (cursor.accept('SET', 'DATA', 'TYPE')) {
    next = { ...readColumn(named(cursor, field.name), sql), mode: field.mode };
    if (next.type !== field.type) {
      if (!(WIDER[field.type] ?? []).includes(next.type)) {
        throw invalidQuery(
          `ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type (${field.type}) is assignable to the new type (${next.type})`,
        );
      }
      if (next.type === 'BIGNUMERIC') throw notSupported('SET DATA TYPE BIGNUMERIC');
      own.push(`${column} SET DATA TYPE ${next.type === 'FLOAT' ? 'DOUBLE' : 'DECIMAL(38, 9)'}`);
    }
  } else throw unexpected(cursor.peek());
  if (found === undefined) return draft;
  return {
    table: { ...table, schema: table.schema.map((each) => (each === found ? next : each)) },
    alterations: [...alterations, ...own],
  };
}

function withExtra(field: Field, key: string, value: unknown): Field {
  const { [key]: _, ...rest } = field.extra ?? {};
  return { ...field, extra: value === undefined ? rest : { ...rest, [key]: value } };
}

/** The cursor as if a column's name and type, and DEFAULT, came before what is left. */
function prefixed(cursor: TokenCursor): TokenCursor {
  return cursor.before(['x', 'STRING', 'DEFAULT']);
}

function named(cursor: TokenCursor, name: string): TokenCursor {
  return cursor.before([name]);
}

function withOptions(table: Table, options: ReadonlyMap<string, OptionValue>): Table {
  const extra: Record<string, unknown> = { ...table.extra, ...optionProperties(options) };
  for (const [key, value] of Object.entries(extra)) if (value === null) delete extra[key];
  const days = options.get('partition_expiration_days');
  const filter = options.get('require_partition_filter');
  if (table.timePartitioning === undefined) return { ...table, extra };
  const { expirationMs: _, ...partitioning } = table.timePartitioning;
  const kept = days === undefined ? table.timePartitioning : partitioning;
  return {
    ...table,
    extra,
    timePartitioning: {
      ...kept,
      ...(typeof days === 'number' && { expirationMs: String(days * 86_400_000) }),
      ...(typeof filter === 'boolean' && { requirePartitionFilter: filter }),
    },
  };
}

async function rename(session: Session, table: Table, tableId: string): Promise<void> {
  if (table.type === 'VIEW') throw invalidQuery('A view cannot be renamed');
  const next = newTable({ ...table, tableId }, table.schema, {
    ...table,
    tableId,
    etag: newEtag(),
    lastModifiedTime: Date.now(),
  });
  session.store.requireFree(next);
  await fill(session, next, { copied: table }, []);
  await session.store.deleteTable(table);
}

async function alterSchema({ store, scope }: Session, cursor: TokenCursor): Promise<DdlResult> {
  const ifThere = cursor.accept('IF', 'EXISTS');
  const ref = datasetRef(cursor.path(), scope);
  if (ifThere && store.getDataset(ref) === undefined)
    return { statementType: 'ALTER_SCHEMA', operation: 'SKIP' };
  const dataset = store.requireDataset(ref);
  if (!cursor.accept('SET', 'OPTIONS'))
    throw new BigQueryError(
      'notImplemented',
      'ALTER SCHEMA can only SET OPTIONS in the local server',
    );
  const extra: Record<string, unknown> = {
    ...dataset.extra,
    ...optionProperties(readOptions(cursor.group())),
  };
  for (const [key, value] of Object.entries(extra)) if (value === null) delete extra[key];
  await store.updateDataset({ ...dataset, extra, lastModifiedTime: Date.now(), etag: newEtag() });
  return { statementType: 'ALTER_SCHEMA', operation: 'ALTER' };
}
