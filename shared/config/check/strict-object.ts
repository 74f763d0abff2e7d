import * as v from 'valibot';

/** Every unknown name is reported: valibot's strictObject stops at the first. */
export function strictObject<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.objectWithRest(entries, v.never());
}
