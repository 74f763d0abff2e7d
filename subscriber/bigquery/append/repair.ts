import type { Column, Value } from '../../../shared/columns.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import { isTooDeep, repairJson } from '../encode/json-text.ts';
import type { ProtoWriter } from '../encode/proto-writer.ts';
import { type Refusal, within } from './refusal.ts';

export type ColumnWriter = (out: ProtoWriter, value: Value) => Refusal | undefined;

/** Takes the place of a value that was refused; gives the refusal back where the row cannot be without it. */
export type Repairer = (
  out: ProtoWriter,
  value: Value,
  refusal: Refusal,
  write: ColumnWriter,
) => Refusal | undefined;

/**
 * Writes what is nearest to a value that does not fit its column, or leaves it NULL, and notes it.
 *
 * @param note hears the path of the column, and what is said of it
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

/** `done` says what was done. */
interface Repair {
  value: string | JsonText;
  done: string;
}

const replaced = 'U+FFFD stands for it';

/** Undefined where nothing is near. */
function repairValue({ type }: Column, value: Value, { code }: Refusal): Repair | undefined {
  if (code !== 'not_unicode' && code !== 'too_deep') return undefined;
  if (type === 'STRING') return { value: String(value).toWellFormed(), done: replaced };
  if (type !== 'JSON' || !(typeof value === 'string' || value instanceof JsonText))
    return undefined;
  const repaired = repairJson(value);
  const done = isTooDeep(String(value)) ? 'kept as a JSON string of its text' : replaced;
  return repaired && { value: repaired, done };
}
