import type { Column, Value } from '../../../shared/columns.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import { isTooDeep, repairJson } from './json-column.ts';
import type { ProtoWriter } from './proto-writer.ts';
import { type Refusal, within } from './refusal.ts';

export type ColumnWriter = (out: ProtoWriter, value: Value) => Refusal | undefined;

/** Writes something else for a refused value; returns the refusal if the row can't be written without it. */
export type Repairer = (
  out: ProtoWriter,
  value: Value,
  refusal: Refusal,
  write: ColumnWriter,
) => Refusal | undefined;

/**
 * Writes the nearest value that fits the column, or leaves it NULL, and notes it.
 *
 * @param note called with the column's path and the reason
 */
export function columnRepairer(
  column: Column,
  note: (path: string, reason: string) => void,
): Repairer {
  const { name, required, mode, exact } = column;
  const mayBeNull = !required && mode !== 'REQUIRED';
  return (out, value, refusal, write) => {
    const start = out.length;
    const path = within(name, refusal).column;
    const repair = exact ? undefined : repairValue(column, value, refusal);
    if (repair && write(out, repair.value) === undefined) {
      note(path, `${refusal.reason}: ${repair.done}`);
      return undefined;
    }
    out.cut(start);
    if (mayBeNull) note(path, refusal.reason);
    return mayBeNull ? undefined : refusal;
  };
}

/** `done` describes the repair. */
interface Repair {
  value: string | JsonText;
  done: string;
}

const replaced = 'U+FFFD stands for it';

/** Undefined if nothing is near. */
function repairValue({ type }: Column, value: Value, { code }: Refusal): Repair | undefined {
  if (code !== 'not_unicode' && code !== 'too_deep') return undefined;
  if (type === 'STRING') return { value: String(value).toWellFormed(), done: replaced };
  if (type !== 'JSON' || !(typeof value === 'string' || value instanceof JsonText))
    return undefined;
  const repaired = repairJson(value);
  const done = isTooDeep(String(value)) ? 'kept as a JSON string of its text' : replaced;
  return repaired && { value: repaired, done };
}
