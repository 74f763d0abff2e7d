import type { SqlType } from '../../types.ts';

const known = new Map<string, SqlType[]>();

/** The types of further arguments, which the translator writes as JSON in a constant. */
export function typesOf(descriptor: string | null): SqlType[] {
  const text = descriptor ?? '[]';
  const found = known.get(text);
  if (found !== undefined) return found;
  const types = JSON.parse(text) as SqlType[];
  if (known.size > 1000) known.clear();
  known.set(text, types);
  return types;
}
