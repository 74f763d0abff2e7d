/**
 * Steps over JSON text without building values. They return -1 if the text ends first, because they also read the
 * beginning of a body whose end is not read. Text that JSON.parse accepts never ends first.
 */

export function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** The index after the string whose opening quote is at `quote`. */
export function skipString(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/** The index after the value at `at`. Iterative: a value nested 100,000 deep must not overflow the stack. */
export function skipValue(text: string, at: number): number {
  let depth = 0;
  do {
    if (at === -1 || at >= text.length) return -1;
    const char = text[at];
    if (char === '"') at = skipString(text, at);
    else if (char === '{' || char === '[') {
      depth++;
      at++;
    } else if (char === '}' || char === ']') {
      depth--;
      at++;
    } else if (depth > 0) at++;
    else at = skipScalar(text, at);
  } while (depth > 0);
  return at;
}

/** A number, true, false or null. If it reaches the end of the text, it may be cut. */
function skipScalar(text: string, at: number): number {
  scalarEnd.lastIndex = at;
  return scalarEnd.exec(text)?.index ?? text.length;
}

const scalarEnd = /[\s,}\]]/g;
