import type { Json } from './json-tree.ts';

export type PathStep = string | number;

const STEP =
  /\.([^.[\]"'\s]+)|\."((?:[^"\\]|\\.)*)"|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[([^'"[\]\d][^\]]*)\]/y;

const known = new Map<string, PathStep[]>();

/** The steps of a JSONPath such as `$.a[0]."b c"`. Throws for another text. */
export function parsePath(path: string): PathStep[] {
  const found = known.get(path);
  if (found !== undefined) return found;
  const steps = readPath(path);
  if (known.size > 1000) known.clear();
  known.set(path, steps);
  return steps;
}

function readPath(path: string): PathStep[] {
  const invalid = () => new Error(`Invalid JSONPath: ${path}`);
  if (!path.startsWith('$')) throw new Error(`JSONPath must start with '$': ${path}`);
  const steps: PathStep[] = [];
  for (STEP.lastIndex = 1; STEP.lastIndex < path.length; ) {
    const at = STEP.lastIndex;
    const match = STEP.exec(path);
    if (match === null) throw invalid();
    const [, plain, quoted, index, single, double, bare] = match;
    if (plain === '*' || bare === '*')
      throw new Error(`Unsupported operator in JSONPath: *: ${path}`);
    const name = plain ?? bare ?? (quoted ?? single ?? double)?.replace(/\\(.)/g, '$1');
    steps.push(index === undefined ? (name ?? '') : Number(index));
    if (STEP.lastIndex <= at) throw invalid();
  }
  return steps;
}

/** The value at the path, or undefined. A number on an object is a key. */
export function follow(json: Json, path: readonly PathStep[]): Json | undefined {
  let value: Json | undefined = json;
  for (const step of path) {
    if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
    else if (value instanceof Map) value = typeof step === 'string' ? value.get(step) : undefined;
    else return undefined;
    if (value === undefined) return undefined;
  }
  return value;
}
