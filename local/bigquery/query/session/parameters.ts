import type { DuckDBConnection } from '@duckdb/node-api';
import { BigQueryError } from '../../errors.ts';
import type { Token } from '../../sql/lexer.ts';
import { duckType, type SqlType } from '../../sql/types.ts';
import type { Cell } from '../../tables/cell.ts';
import { checkCell } from '../../tables/cell.ts';
import { columnType, quoteIdentifier, toDuckValue } from '../../tables/duckdb-types.ts';
import { canonicalType, type Field } from '../../tables/schema.ts';
import { parseText } from '../../values/parse-text.ts';
import { typeOfField } from './field-types.ts';
import type { Variable } from './variable.ts';

/** A query parameter as the REST API has it. */
export interface QueryParameter {
  name?: string;
  parameterType?: ParameterType;
  parameterValue?: ParameterValue;
}
interface ParameterType {
  type: string;
  arrayType?: ParameterType;
  structTypes?: { name?: string; type: ParameterType }[];
}
interface ParameterValue {
  value?: string | number | boolean | null;
  arrayValues?: ParameterValue[];
  structValues?: Record<string, ParameterValue>;
}

/** The types of the parameters, by name in small letters or by place from 0. */
export function parameterTypes(parameters: readonly QueryParameter[]): Map<string, SqlType> {
  return new Map(
    parameters.map((parameter, index) => {
      const name = nameOf(parameter, index);
      return [name, typeOfField(parameterField(name, parameter.parameterType))];
    }),
  );
}

function nameOf({ name }: QueryParameter, index: number): string {
  return name === undefined || name === '' ? String(index) : name.toLowerCase();
}

/** Sets the variables of a script that the statement mentions. */
export async function bindVariables(
  connection: DuckDBConnection,
  variables: ReadonlyMap<string, Variable>,
  tokens: readonly Token[],
): Promise<void> {
  if (variables.size === 0) return;
  const mentioned = new Set(tokens.map(({ text }) => text.toLowerCase()));
  for (const [name, { type, value, duckType: own }] of variables) {
    if (!mentioned.has(name)) continue;
    const variable = `SET VARIABLE ${quoteIdentifier(`v_${name}`)} =`;
    if (value === null || own === undefined)
      await connection.run(`${variable} CAST(NULL AS ${duckType(type)})`);
    else await connection.run(`${variable} $1`, [value], [own]);
  }
}

/** Sets each parameter as a variable of the connection, which the translated SQL reads. */
export async function bindParameters(
  connection: DuckDBConnection,
  parameters: readonly QueryParameter[],
): Promise<void> {
  for (const [index, parameter] of parameters.entries()) {
    const name = nameOf(parameter, index);
    const field = parameterField(name, parameter.parameterType);
    const cell = parameterCell(field, parameter.parameterValue ?? {});
    checkCell(field, cell, 0);
    await setVariable(connection, `p_${name}`, field, cell);
  }
}

async function setVariable(
  connection: DuckDBConnection,
  name: string,
  field: Field,
  cell: Cell,
): Promise<void> {
  const nothing = `CAST(NULL AS ${columnType(field)})`;
  // DuckDB's client cannot bind a BIGNUM of 0, so BIGNUMERIC values are bound as text.
  const isText = field.type === 'BIGNUMERIC';
  const bound = isText ? { ...field, type: 'STRING' as const } : field;
  // DuckDB provides the type, because an empty array does not show its own.
  const sample = `SELECT CAST(NULL AS ${columnType(bound)})`;
  const [type] = (await connection.run(sample)).columnTypes();
  const variable = `SET VARIABLE ${quoteIdentifier(name)} =`;
  if (cell === null || type === undefined) await connection.run(`${variable} ${nothing}`);
  else
    await connection.run(
      `${variable} ${isText ? ofText(field) : '$1'}`,
      [toDuckValue(bound, cell)],
      [type],
    );
}

function ofText({ mode }: Field): string {
  return mode === 'REPEATED'
    ? 'list_transform($1, lambda t: bq_big(gsql_big_of_text(t)))'
    : 'bq_big(gsql_big_of_text($1))';
}

function parameterField(name: string, type: ParameterType | undefined): Field {
  if (type === undefined) throw refuse(name, 'has no type');
  if (type.type === 'ARRAY') return { ...parameterField(name, type.arrayType), mode: 'REPEATED' };
  const canonical = canonicalType(type.type);
  if (canonical === undefined) throw refuse(name, `has the unknown type ${type.type}`);
  if (canonical !== 'RECORD') return { name, type: canonical, mode: 'NULLABLE' };
  const fields = (type.structTypes ?? []).map((field, index) =>
    parameterField(field.name ?? `_${index}`, field.type),
  );
  return { name, type: 'RECORD', mode: 'NULLABLE', fields };
}

function parameterCell(field: Field, value: ParameterValue): Cell {
  if (field.mode === 'REPEATED') {
    return (value.arrayValues ?? []).map((item) => scalarCell(field, item));
  }
  return scalarCell(field, value);
}

function scalarCell(field: Field, value: ParameterValue): Cell {
  if (field.type === 'RECORD') {
    const { structValues } = value;
    if (structValues === undefined) return null;
    return (field.fields ?? []).map((inner) =>
      parameterCell(inner, structValues[inner.name] ?? {}),
    );
  }
  if (value.value === null || value.value === undefined) return null;
  const cell = parseText(field.type, String(value.value));
  if (cell === undefined) {
    throw refuse(field.name, `is not a ${field.type}: ${JSON.stringify(value.value)}`);
  }
  return cell;
}

function refuse(name: string, reason: string): BigQueryError {
  return new BigQueryError('invalidQuery', `Query parameter '${name}' ${reason}`);
}
