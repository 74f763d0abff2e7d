import { readFileSync } from 'node:fs';
import { RelayError } from '../../shared/errors.ts';
import { readJsonText } from '../../shared/json/json-body.ts';
import { setMember } from '../../shared/json/json-edit.ts';
import { scalarText } from '../../shared/json/json-members.ts';
import { type JsonPath, parseJsonPath } from '../../shared/json/json-path.ts';
import { isJson } from '../../shared/json/json-valid.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/**
 * A file, or standard input for `-`.
 *
 * @throws RelayError `body.unreadable`
 */
export function readBody(file: string): Bytes {
  try {
    return new Uint8Array(readFileSync(file === '-' ? 0 : file));
  } catch (cause) {
    const problem = `${file} can't be read: ${(cause as Error).message}`;
    throw new RelayError('body.unreadable', problem, { cause });
  }
}

/** JSON if it begins so, XML if it begins so, else a form, as curl declares what it posts. */
export function guessType(body: Bytes): string {
  const first = new TextDecoder().decode(body.subarray(0, 64)).trimStart()[0] ?? '';
  if ('{["'.includes(first)) return 'application/json';
  return first === '<' ? 'application/xml' : 'application/x-www-form-urlencoded';
}

/** A `--set`: a path, and the value as JSON text. */
interface Change {
  path: JsonPath;
  raw: string;
}

/**
 * The body with the values of `--set`. Everything else stays as it was written.
 *
 * @throws RelayError `delivery.set`
 */
export function editBody(body: Bytes, settings: readonly string[]): Bytes {
  if (settings.length === 0) return body;
  const reading = readJsonText(body);
  const text = reading.ok ? reading.text : new TextDecoder().decode(body);
  if (!reading.ok && !/^[\w%.+[\]-]+=/.test(text)) {
    throw refused('the body is neither JSON nor a form, so nothing can be set in it');
  }
  const edit = reading.ok ? editJson : editForm;
  return encoder.encode(
    settings.reduce((edited, setting) => edit(edited, readSetting(setting)), text),
  ) as Bytes;
}

/** `$.a.b[0]=5` or `name=5`: the first `=` after a whole path. A value that is not JSON is a text. */
function readSetting(setting: string): Change {
  for (let at = setting.indexOf('='); at > 0; at = setting.indexOf('=', at + 1)) {
    const left = setting.slice(0, at).trim();
    const reading = parseJsonPath(/^[A-Za-z_][\w-]*$/.test(left) ? `$.${left}` : left);
    if (!reading.ok) continue;
    const value = setting.slice(at + 1);
    const raw = isJson(encoder.encode(value)) ? value : JSON.stringify(value);
    return { path: reading.path, raw };
  }
  throw refused(`"${setting}" is not a path and a value: $.data.object.amount=500`);
}

function editJson(text: string, { path, raw }: Change): string {
  try {
    return setMember(text, path, raw);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const problem = `on the way to ${pathText(path)} stands a value that is not an object or array`;
    throw new RelayError('delivery.set', problem, { cause });
  }
}

function editForm(text: string, { path, raw }: Change): string {
  const [name, ...more] = path;
  if (typeof name !== 'string' || more.length > 0) {
    throw refused(`a form has no ${pathText(path)}, only fields: --set name=value`);
  }
  const set = `${encodeURIComponent(name)}=${encodeURIComponent(scalarText(raw) ?? raw)}`;
  const pairs = text.split('&');
  const at = pairs.findIndex((pair) => nameOf(pair) === name);
  return (at < 0 ? [...pairs, set] : pairs.with(at, set)).join('&');
}

function nameOf(pair: string): string | undefined {
  return [...new URLSearchParams(pair).keys()][0];
}

function pathText(path: JsonPath): string {
  const steps = path.map((step) => {
    if (typeof step !== 'string') return `[${step ?? ''}]`;
    return /^[^.[\]'"\s]+$/.test(step) ? `.${step}` : `['${step}']`;
  });
  return `$${steps.join('')}`;
}

function refused(problem: string): RelayError {
  return new RelayError('delivery.set', problem);
}
