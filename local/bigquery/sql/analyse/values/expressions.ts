import { operatorTable } from '../../functions/operator-table.ts';
import type { Expression } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { arrayOf, quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import { analyseExtract } from '../calls/date-calls.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { analyseCast, limit, resolveType } from './casts.ts';
import { coerce, mustCoerce, structSql } from './coerce.ts';
import {
  analyseBetween,
  analyseBinary,
  analyseIn,
  analyseIs,
  analyseLike,
  refuseNull,
} from './comparisons.ts';
import { analyseCase, unified } from './conditions.ts';
import { analyseLiteral, analyseTyped, intervalLiteral, intervalOf } from './literals.ts';
import { applySignature, requireType } from './match.ts';
import { fieldAt, fieldOf, lookUp, qualified, rangeNamed, resolveName } from './names.ts';
import { analyseSubquery } from './subqueries.ts';

export function analyseExpression(analysis: Analysis, node: Expression, scope: Scope): Typed {
  switch (node.kind) {
    case 'literal':
      return analyseLiteral(node);
    case 'typed':
      return analyseTyped(node);
    case 'name':
      return nameOrVariable(analysis, node.name, scope, node.pos);
    case 'field':
      return analyseField(analysis, node, scope);
    case 'index':
      return analyseIndex(analysis, node, scope);
    case 'call':
      return analysis.call(node, scope);
    case 'unary':
      return analyseUnary(analysis, node, scope);
    case 'binary':
      return analyseBinary(analysis, node, scope);
    case 'between':
      return analyseBetween(analysis, node, scope);
    case 'in':
      return analyseIn(analysis, node, scope);
    case 'like':
      return analyseLike(analysis, node, scope);
    case 'is':
      return analyseIs(analysis, node, scope);
    case 'case':
      return analyseCase(analysis, node, scope);
    case 'cast':
      return analyseCast(analysis, node, scope);
    case 'extract':
      return analyseExtract(analysis, node, scope);
    case 'struct':
      return analyseStruct(analysis, node, scope);
    case 'array':
      return analyseArray(analysis, node, scope);
    case 'subquery':
      return analyseSubquery(analysis, node, scope);
    case 'interval':
      return analyseInterval(analysis, node, scope);
    case 'parameter':
      return analyseParameter(analysis, node.name, node.pos);
    case 'system': {
      const found = analysis.environment.system(node.name);
      if (found === undefined)
        throw invalidQuery(`Unrecognized system variable: @@${node.name}`, node.pos);
      return found;
    }
    case 'with':
      return analyseWith(analysis, node, scope);
    case 'lambda':
      throw notSupported('A lambda here', node.pos);
    case 'part':
      throw invalidQuery(`Unexpected date part ${node.part.name}`, node.pos);
  }
}

/** `WITH(a AS 1, b AS a + 1, a + b)`: each name is replaced by its expression. */
function analyseWith(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'with' }>,
  scope: Scope,
): Typed {
  let inner = scope;
  for (const { name, value } of node.names) {
    const typed = analysis.expression(value, inner);
    if (/\b(?:random|uuid)\(/.test(typed.sql)) {
      throw notSupported('WITH of a value that is another one each time', value.pos);
    }
    inner = { ...inner, locals: new Map([...(inner.locals ?? []), [name.toLowerCase(), typed]]) };
  }
  return analysis.expression(node.body, inner);
}

function nameOrVariable(analysis: Analysis, name: string, scope: Scope, pos: number): Typed {
  return (
    lookUp(name, scope, pos) ?? analysis.environment.variable(name) ?? resolveName(name, scope, pos)
  );
}

function analyseParameter(analysis: Analysis, name: string | number, pos: number): Typed {
  const type = analysis.environment.parameter(name);
  if (type === undefined) {
    const what = typeof name === 'number' ? `at position ${name + 1}` : `'${name}'`;
    throw invalidQuery(`Query parameter ${what} not found`, pos);
  }
  return { sql: `getvariable('p_${name}')`, type, parameter: true };
}

/** `t.x` and `x.field`: a column hides a table of its name only where it has such a field. */
function analyseField(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'field' }>,
  scope: Scope,
): Typed {
  if (node.of.kind === 'name') {
    const range = rangeNamed(node.of.name, scope);
    if (range !== undefined) return qualified(range, node.name, node.pos);
  }
  return fieldOf(analysis.expression(node.of, scope), node.name, node.pos);
}

function analyseIndex(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'index' }>,
  scope: Scope,
): Typed {
  const of = analysis.expression(node.of, scope);
  const index = analysis.expression(node.index, scope);
  const int = scalar('INT64');
  if (of.type.kind === 'JSON') {
    if (index.type.kind === 'STRING') {
      const path = index.literal
        ? quoteText(`$."${index.literal.text}"`)
        : `'$."' || ${index.sql} || '"'`;
      return { sql: `json_extract(${of.sql}, ${path})`, type: of.type };
    }
    const at = requireType(index, int, 'The subscript of a JSON value', node.pos);
    return { sql: `json_extract(${of.sql}, '$[' || ${at} || ']')`, type: of.type };
  }
  if (of.type.kind === 'STRUCT') return structItem(of, of.type, index, node);
  if (of.type.kind !== 'ARRAY') {
    throw invalidQuery(
      `Subscript access using [INT64] is not supported on values of type ${typeName(of.type)}`,
      node.pos,
    );
  }
  const at = requireType(index, int, 'The position in an array', node.pos);
  const offset = node.mode.endsWith('ORDINAL') ? `(${at} - 1)` : at;
  const macro = node.mode.startsWith('SAFE') ? 'bq_safe_at' : 'bq_at';
  return { sql: `${macro}(${coerce(of, of.type)}, ${offset})`, type: of.type.item };
}

/** `s[0]`, `s[OFFSET(0)]`, `s[ORDINAL(1)]` */
function structItem(
  of: Typed,
  type: SqlType & { kind: 'STRUCT' },
  index: Typed,
  node: Extract<Expression, { kind: 'index' }>,
): Typed {
  if (index.literal?.kind !== 'INT64') {
    throw invalidQuery('A subscript of a STRUCT must be an integer literal', node.pos);
  }
  const at = Number(index.literal.text) - (node.mode.endsWith('ORDINAL') ? 1 : 0);
  if (at < 0 || at >= type.fields.length) {
    throw invalidQuery(`Field ordinal out of bounds in ${typeName(type)}`, node.pos);
  }
  return fieldAt(of, type, at);
}

function analyseUnary(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'unary' }>,
  scope: Scope,
): Typed {
  refuseNull(node.operator, [node.of]);
  const of = analysis.expression(node.of, scope);
  const name = node.operator === '-' || node.operator === '+' ? `u${node.operator}` : node.operator;
  return applySignature(name, operatorTable.get(name) ?? [], [of], node.pos);
}

function analyseStruct(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'struct' }>,
  scope: Scope,
): Typed {
  const values = node.fields.map(({ value }) => analysis.expression(value, scope));
  const declared = node.type && resolveType(node.type);
  if (declared?.kind === 'STRUCT') {
    if (declared.fields.length !== values.length) {
      throw invalidQuery(
        `STRUCT type has ${declared.fields.length} fields but constructor call has ${values.length} fields`,
        node.pos,
      );
    }
    const cells = values.map((value, index) =>
      mustCoerce(value, declared.fields[index]?.type ?? value.type, 'STRUCT field', node.pos),
    );
    const sql = structSql(declared, cells);
    return { sql: node.type ? limit(sql, declared, node.type) : sql, type: declared };
  }
  const fields = values.map(({ type }, index) => ({
    name: node.fields[index]?.name ?? impliedName(node.fields[index]?.value),
    type: type.kind === 'NULL' ? scalar('INT64') : type,
  }));
  const type: SqlType = { kind: 'STRUCT', fields };
  const sql = structSql(
    type,
    values.map((value, index) => coerce(value, fields[index]?.type ?? value.type) ?? value.sql),
  );
  return { sql, type, fields: values };
}

/** A column in STRUCT(…) gives its name to the field. */
function impliedName(value: Expression | undefined): string | undefined {
  if (value?.kind === 'name' || value?.kind === 'field') return value.name;
  return undefined;
}

function analyseArray(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'array' }>,
  scope: Scope,
): Typed {
  const items = node.items.map((item) => analysis.expression(item, scope));
  if (items.some(({ type }) => type.kind === 'ARRAY')) {
    throw invalidQuery(
      'Cannot construct array with element type ARRAY because nested arrays are not supported',
      node.pos,
    );
  }
  const declared = node.type && resolveType(node.type);
  if (declared !== undefined) {
    const type = arrayOf(declared);
    const written: Typed = { sql: '', type: arrayOf(scalar('NULL')), items };
    const sql = mustCoerce(written, type, 'Array element', node.pos);
    return {
      sql: node.type ? limit(sql, type, { kind: 'array', item: node.type, pos: node.pos }) : sql,
      type,
    };
  }
  const { type: item } = unified(items, 'array constructor', node.pos);
  const type: SqlType = { kind: 'ARRAY', item };
  const settled = arrayOf(item);
  return {
    sql: coerce({ sql: '', type, items }, settled, node.pos) ?? '',
    type: item.kind === 'NULL' ? type : settled,
    items,
  };
}

function analyseInterval(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'interval' }>,
  scope: Scope,
): Typed {
  const type = scalar('INTERVAL');
  const value = analysis.expression(node.value, scope);
  if (node.to !== undefined || value.type.kind === 'STRING') {
    if (value.literal === undefined) {
      const text = requireType(value, scalar('STRING'), 'The text of an INTERVAL', node.pos);
      return {
        sql: `gsql_interval_parts(${text}, '${node.from}', '${node.to ?? node.from}')`,
        type,
      };
    }
    return {
      sql: intervalLiteral(value.literal.text, node.from, node.to ?? node.from, node.pos),
      type,
    };
  }
  const count = requireType(value, scalar('INT64'), 'The number of an INTERVAL', node.pos);
  return { sql: intervalOf(count, node.from, node.pos), type };
}
