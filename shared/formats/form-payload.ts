import { isJson } from '../json/json-valid.ts';
import type { Members } from './members.ts';

const encoder = new TextEncoder();

/**
 * The JSON document in the field `payload` of a form (GitHub, Slack's interactions). Fields beside it join it,
 * where it is an object that lacks them: nothing that was sent is left out. Undefined where there is no such
 * document, or none that they could join: then the form is a form like any other.
 */
export function joinPayload(members: Members): string | undefined {
  const [raw, ...more] = members.valuesOf('payload');
  if (raw === undefined || more.length > 0) return undefined;
  const text = (JSON.parse(raw) as string).trim();
  if (!/^[[{]/.test(text) || !isJson(encoder.encode(text))) return undefined;
  if (members.size === 1) return text;
  if (!text.startsWith('{')) return undefined;
  return joinMembers(text, members.without(['payload']));
}

/** A JSON object with the members that it lacks. */
export function joinMembers(object: string, more: Members): string {
  const names = new Set(Object.keys(JSON.parse(object) as object));
  // JSON.parse makes an own property of it as of any other name.
  const joined = more.without(names).toJson();
  if (joined === '{}') return object;
  const open = object.trimEnd().slice(0, -1);
  return `${open}${names.size > 0 ? ',' : ''}${joined.slice(1)}`;
}
