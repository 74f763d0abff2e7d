/** Comments, texts, names, brackets and colons: all that matters to find where a member stands. */
const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|[\w$]+|[()[\]{}:,]/g;

interface Span {
  start: number;
  end: number;
}

/**
 * The line on which a config writes the option at a path such as `streams.orders.table`, or the nearest part of
 * the path that it writes. Only a guess, because the config is a program; absent if it writes none of the path.
 */
export function lineOf(source: string, path: string): number | undefined {
  let span: Span = { start: 0, end: source.length };
  let line: number | undefined;
  for (const name of path.split('.')) {
    // The items of a list have no names.
    if (/^\d+$/.test(name)) continue;
    const member = findMember(source, span, name);
    if (!member) break;
    line = source.slice(0, member.at).split('\n').length;
    span = member.value;
  }
  return line;
}

/** The member of this name that is nested least deep. */
function findMember(source: string, { start, end }: Span, name: string) {
  let depth = 0;
  let best: { at: number; after: number; depth: number } | undefined;
  let last: { text: string; at: number } | undefined;
  for (const { text, at } of tokensOf(source, start, end)) {
    if (/^[([{]$/.test(text)) depth += 1;
    else if (/^[)\]}]$/.test(text)) depth -= 1;
    else if (text === ':' && last?.text.replace(/^['"]|['"]$/g, '') === name) {
      if (!best || depth < best.depth) best = { at: last.at, after: at + 1, depth };
    }
    last = { text, at };
  }
  return best && { at: best.at, value: valueAt(source, best.after, end) };
}

/** Up to the comma or the bracket that ends the value. */
function valueAt(source: string, start: number, end: number): Span {
  let depth = 0;
  for (const { text, at } of tokensOf(source, start, end)) {
    if (/^[([{]$/.test(text)) depth += 1;
    if (/^[)\]}]$/.test(text)) depth -= 1;
    if (depth < 0 || (depth === 0 && text === ',')) return { start, end: at };
  }
  return { start, end };
}

function* tokensOf(source: string, start: number, end: number) {
  for (const match of source.slice(start, end).matchAll(tokens)) {
    const [text] = match;
    if (!/^\/[/*]/.test(text)) yield { text, at: start + match.index };
  }
}
