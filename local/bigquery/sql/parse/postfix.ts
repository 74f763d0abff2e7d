import { readPrimary } from './primary.ts';
import type { Reader } from './reader.ts';
import type { Expression, IndexMode } from './trees/tree.ts';

const POSITIONS: ReadonlySet<string> = new Set([
  'OFFSET',
  'SAFE_OFFSET',
  'ORDINAL',
  'SAFE_ORDINAL',
]);

/** An expression with its `.field` and `[index]`. */
export function readPostfix(reader: Reader): Expression {
  let found = readPrimary(reader);
  for (;;) {
    const { pos } = found;
    if (reader.accept('.')) {
      if (reader.is('*')) {
        // `t.*` belongs to the list of a SELECT.
        reader.at -= 1;
        return found;
      }
      found = {
        kind: 'field',
        of: found,
        name: reader.anyName(),
        pos: reader.tokens[reader.at - 1]?.start ?? pos,
      };
    } else if (reader.accept('[')) {
      found = { ...readIndex(reader, found), pos };
    } else return found;
  }
}

function readIndex(reader: Reader, of: Expression): Expression {
  const word = reader.word();
  const mode = (POSITIONS.has(word) && reader.symbol(1) === '(' ? word : 'PLAIN') as IndexMode;
  if (mode !== 'PLAIN') reader.at += 2;
  const index = reader.expression();
  if (mode !== 'PLAIN') reader.expect(')');
  reader.expect(']');
  return { kind: 'index', of, index, mode, pos: of.pos };
}
