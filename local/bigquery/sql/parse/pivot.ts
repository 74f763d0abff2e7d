import type { Reader } from './reader.ts';
import { isIdentifier } from './reader.ts';
import type { Expression, PivotAggregate, PivotValue, Unpivot } from './trees/tree.ts';

/** `(aggregate [AS alias], … FOR column IN (value [AS alias], …))` */
export function readPivot(reader: Reader): {
  aggregates: PivotAggregate[];
  column: Expression;
  values: PivotValue[];
} {
  reader.expect('(');
  const aggregates = reader.list(() => ({ call: reader.expression(), ...aliasOf(reader) }));
  reader.expect('FOR');
  const column = reader.expressionBeforeIn();
  reader.expect('IN');
  const values = reader.group(() => ({ value: reader.expression(), ...aliasOf(reader) }));
  reader.expect(')');
  return { aggregates, column, values };
}

function aliasOf(reader: Reader): { alias?: string } {
  if (reader.accept('AS')) return { alias: reader.identifier() };
  return isIdentifier(reader.peek()) ? { alias: reader.identifier() } : {};
}

/** `[INCLUDE NULLS | EXCLUDE NULLS] (value FOR name IN (column [AS label], …))` */
export function readUnpivot(reader: Reader): Unpivot {
  const includeNulls = reader.accept('INCLUDE', 'NULLS');
  if (!includeNulls) reader.accept('EXCLUDE', 'NULLS');
  reader.expect('(');
  const values = readNames(reader);
  reader.expect('FOR');
  const name = reader.identifier();
  reader.expect('IN');
  const columns = reader.group(() => {
    const names = readNames(reader);
    const labelled = reader.accept('AS') || reader.peek()?.kind === 'string';
    return { names, ...(labelled && { alias: reader.expression() }) };
  });
  reader.expect(')');
  return { includeNulls, values, name, columns };
}

function readNames(reader: Reader): string[] {
  return reader.is('(') ? reader.group(() => reader.identifier()) : [reader.identifier()];
}
