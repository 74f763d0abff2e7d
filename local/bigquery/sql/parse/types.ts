import type { Reader } from './reader.ts';
import { isIdentifier } from './reader.ts';
import type { TypeTree } from './trees/type-tree.ts';

/** `INT64`, `STRING(10)`, `ARRAY<…>`, `STRUCT<a INT64, …>`. */
export function readType(reader: Reader): TypeTree {
  const pos = reader.pos;
  if (reader.accept('ARRAY', '<')) {
    const item = readType(reader);
    reader.closeAngle();
    return { kind: 'array', item, pos };
  }
  if (reader.accept('STRUCT', '<')) {
    const fields = reader.is('>') ? [] : reader.list(() => readField(reader));
    reader.closeAngle();
    return { kind: 'struct', fields, pos };
  }
  if (reader.accept('INTERVAL')) return { kind: 'simple', name: 'INTERVAL', parameters: [], pos };
  if (reader.is('RANGE', '<')) {
    reader.expect('RANGE', '<');
    const item = readType(reader);
    reader.closeAngle();
    return { kind: 'simple', name: 'RANGE', parameters: [item.kind], pos };
  }
  const name = reader.identifier().toUpperCase();
  return { kind: 'simple', name, parameters: readParameters(reader), pos };
}

function readField(reader: Reader): { name?: string; type: TypeTree } {
  const next = reader.peek(1);
  const named =
    isIdentifier(reader.peek()) &&
    (next?.kind === 'word' || next?.kind === 'quoted') &&
    !reader.is('ARRAY') &&
    !reader.is('STRUCT');
  return named ? { name: reader.identifier(), type: readType(reader) } : { type: readType(reader) };
}

function readParameters(reader: Reader): string[] {
  if (!reader.accept('(')) return [];
  const parameters = reader.list(() => reader.take().text.toUpperCase());
  reader.expect(')');
  return parameters;
}
