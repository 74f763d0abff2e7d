import {
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { Analyser } from '../../sql/analyse/analyser.ts';
import { EMPTY_SCOPE } from '../../sql/analyse/scope.ts';
import type { Typed } from '../../sql/analyse/typed.ts';
import { resolveType } from '../../sql/analyse/values/casts.ts';
import { coerce } from '../../sql/analyse/values/coerce.ts';
import type { Token } from '../../sql/lexer.ts';
import { readerOf } from '../../sql/parse/parse.ts';
import { readType } from '../../sql/parse/types.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { quote, type SqlType, scalar, typeName } from '../../sql/types.ts';
import { execute, resultFields, runScalar, selectSql, withConnection } from '../select.ts';
import { environmentOf } from '../session/environment.ts';
import type { Session } from '../session/session.ts';
import type { ScriptNode } from './script-tree.ts';

export interface Value {
  type: SqlType;
  value: DuckDBValue;
  duckType?: DuckDBType | undefined;
  /** The expression, which may coerce further. */
  typed?: Typed;
}

function analysed(session: Session, tokens: readonly Token[]): Typed {
  const reader = readerOf(tokens);
  const expression = reader.expression();
  if (!reader.done) throw reader.unexpected();
  return new Analyser(environmentOf(session)).expression(expression, EMPTY_SCOPE);
}

/** The value of an expression, as another type if one is given. */
export async function evaluate(
  session: Session,
  tokens: readonly Token[],
  type?: SqlType,
): Promise<Value> {
  const typed = analysed(session, tokens);
  const wanted = type ?? (typed.type.kind === 'NULL' ? scalar('INT64') : typed.type);
  const sql = coerce(typed, wanted, tokens[0]?.start);
  if (sql === undefined)
    throw invalidQuery(`Cannot coerce expression to type ${typeName(wanted)}`, tokens[0]?.start);
  const { value, duckType: own } = await runScalar(session, tokens, `SELECT ${sql}`);
  return { type: wanted, value, duckType: own };
}

export async function evaluateTrue(session: Session, tokens: readonly Token[]): Promise<boolean> {
  return (await evaluate(session, tokens, scalar('BOOL'))).value === true;
}

export async function declare(
  session: Session,
  node: Extract<ScriptNode, { kind: 'declare' }>,
): Promise<void> {
  const type = node.type && resolveType(readType(readerOf(node.type)));
  const value = node.value === undefined ? undefined : await evaluate(session, node.value, type);
  const own = type ?? value?.type;
  if (own === undefined) throw invalidQuery('DECLARE needs a type or a DEFAULT', node.pos);
  for (const name of node.names) {
    if (session.variables.has(name))
      throw invalidQuery(`Variable '${name}' already declared`, node.pos);
    session.variables.set(name, variable(own, value));
  }
}

function variable(type: SqlType, value: Value | undefined) {
  return {
    type,
    value: value?.value ?? null,
    ...(value?.duckType && { duckType: value.duckType }),
  };
}

/** Throws invalidQuery if there is no such variable, or the value is of another type. */
export async function assign(session: Session, name: string, value: Value): Promise<void> {
  const found = session.variables.get(name);
  if (found === undefined) throw invalidQuery(`Undeclared variable: ${name}`);
  session.variables.set(name, variable(found.type, await converted(session, value, found.type)));
}

/** The value as the variable's type. */
async function converted(session: Session, value: Value, type: SqlType): Promise<Value> {
  if (typeName(value.type) === typeName(type)) return value;
  return withConnection(session, [], async (connection) => {
    const sql = coerce({ sql: "getvariable('v_')", type: value.type }, type);
    if (sql === undefined && value.value !== null)
      throw invalidQuery(
        `Cannot coerce expression of type ${typeName(value.type)} to type ${typeName(type)}`,
      );
    if (value.value === null || value.duckType === undefined) return { type, value: null };
    await connection.run('SET VARIABLE "v_" = $1', [value.value], [value.duckType]);
    const result = await execute(connection, `SELECT ${sql}`);
    const rows = await result.getRows();
    return { type, value: rows[0]?.[0] ?? null, duckType: result.columnTypes()[0] };
  });
}

/** `SET (a, b) = (1, 2)`, or a query of one row. */
export async function assignRow(
  session: Session,
  names: readonly string[],
  tokens: readonly Token[],
): Promise<void> {
  const row = await evaluate(session, tokens);
  if (row.type.kind !== 'STRUCT' || row.type.fields.length !== names.length) {
    throw invalidQuery(
      `Number of variables (${names.length}) does not match the value`,
      tokens[0]?.start,
    );
  }
  const { fields } = row.type;
  const values = fieldsOf(row.value, row.duckType);
  for (const [index, name] of names.entries()) {
    await assign(session, name, {
      type: fields[index]?.type ?? scalar('INT64'),
      value: null,
      ...values[index],
    });
  }
}

function fieldsOf(
  value: DuckDBValue,
  type: DuckDBType | undefined,
): { value: DuckDBValue; duckType?: DuckDBType }[] {
  const types = type instanceof DuckDBStructType ? type.entryTypes : [];
  const items = value instanceof DuckDBStructValue ? Object.values(value.entries) : [];
  return types.map((own, index) => ({ value: items[index] ?? null, duckType: own }));
}

const SETTABLE = new Set(['time_zone', 'dataset_id', 'dataset_project_id', 'query_label']);

export async function setSystem(
  session: Session,
  name: string,
  tokens: readonly Token[],
): Promise<void> {
  if (!SETTABLE.has(name)) throw invalidQuery(`System variable @@${name} cannot be set`);
  const { value } = await evaluate(session, tokens, scalar('STRING'));
  const text = value === null ? null : String(value);
  if (name === 'time_zone' && text !== 'UTC')
    throw invalidQuery(`@@time_zone = '${text}' is not supported by the local server`);
  if (name === 'dataset_id' && text !== null) {
    session.scope = {
      ...session.scope,
      defaultDataset: { projectId: session.scope.projectId, datasetId: text },
    };
  }
  session.systemVariables.set(name, text);
}

/** Runs `body` with each row of a query in the variable; it returns whether to go on. */
export async function forEachRow(
  session: Session,
  name: string,
  tokens: readonly Token[],
  body: () => Promise<boolean>,
): Promise<void> {
  if (session.variables.has(name))
    throw invalidQuery(`Variable '${name}' already declared`, tokens[0]?.start);
  const select = selectSql(session, tokens);
  const fields = resultFields(select.columns);
  const type: SqlType = {
    kind: 'STRUCT',
    fields: select.columns.map((column, index) => ({
      name: fields[index]?.name,
      type: column.type,
    })),
  };
  const cells = select.columns.map(
    ({ sqlName }, index) => `${quote(fields[index]?.name)} := q.${quote(sqlName)}`,
  );
  const sql = `SELECT list(struct_pack(${cells.join(', ')})) FROM (${select.sql}) AS q`;
  const { value, duckType: listType } = await runScalar(session, tokens, sql);
  const rows = value instanceof DuckDBListValue ? value.items : [];
  const rowType = (listType as { valueType?: DuckDBType } | undefined)?.valueType;
  try {
    for (const row of rows) {
      session.variables.set(name, { type, value: row, ...(rowType && { duckType: rowType }) });
      if (!(await body())) return;
    }
  } finally {
    session.variables.delete(name);
  }
}
