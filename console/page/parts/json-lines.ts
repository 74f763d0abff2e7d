export type Step = string | number;

/** One line of a document that is indented. Numbers keep every digit: the text is cut up, not parsed. */
export interface JsonLine {
  depth: number;
  /** The name with its quotes. */
  name?: string;
  /** A scalar as it was sent, or what opens or closes an object or an array. */
  value: string;
  kind: 'string' | 'number' | 'word' | 'bracket';
  hasComma: boolean;
  path: readonly Step[];
}

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;

/** @param text valid JSON */
export function jsonLines(text: string): JsonLine[] {
  const lines: JsonLine[] = [];
  const open: { isArray: boolean; path: readonly Step[]; index: number; isEmpty: boolean }[] = [];
  let name: string | undefined;
  const tokens = text.match(token) ?? [];
  const add = (
    value: string,
    kind: JsonLine['kind'],
    path: readonly Step[],
    depth = open.length,
  ) => {
    lines.push({ depth, ...(name !== undefined && { name }), value, kind, hasComma: false, path });
    name = undefined;
  };
  const childPath = (): readonly Step[] => {
    const parent = open.at(-1);
    if (!parent) return [];
    parent.isEmpty = false;
    return [...parent.path, parent.isArray ? parent.index : unquote(name ?? '""')];
  };
  for (let at = 0; at < tokens.length; at++) {
    const text = tokens[at] ?? '';
    const parent = open.at(-1);
    if (text === ',') {
      const last = lines.at(-1);
      if (last) last.hasComma = true;
      if (parent) parent.index++;
    } else if (text === '{' || text === '[') {
      const path = childPath();
      add(text, 'bracket', path);
      open.push({ isArray: text === '[', path, index: 0, isEmpty: true });
    } else if (text === '}' || text === ']') {
      const closed = open.pop();
      const last = lines.at(-1);
      if (closed?.isEmpty && last) last.value += text;
      else add(text, 'bracket', closed?.path ?? []);
    } else if (text !== ':') {
      if (parent && !parent.isArray && tokens[at + 1] === ':') name = text;
      else add(text, kindOf(text), childPath());
    }
  }
  return lines;
}

function kindOf(text: string): JsonLine['kind'] {
  if (text.startsWith('"')) return 'string';
  return /^[-\d]/.test(text) ? 'number' : 'word';
}

function unquote(name: string): string {
  try {
    return JSON.parse(name) as string;
  } catch {
    return name;
  }
}

/** Whether a path is one of the marks; null in a mark stands for any index. */
export function isMarked(
  path: readonly Step[],
  marks: readonly (readonly (Step | null)[])[],
): boolean {
  return marks.some(
    (mark) =>
      mark.length === path.length && mark.every((step, n) => step === null || step === path[n]),
  );
}
