/** In UTF-16 units. Longer patterns are refused. */
export const maxPatternLength = 1024;

/** Flags stand once, at the beginning: `(?i)` ignores case, `(?s)` lets `.` match a line feed. */
const leadingFlags = /^\(\?([is]{1,2})\)/;

/** RE2's `\s` is ASCII without the vertical tab; JavaScript's is not. */
const space = '\\t\\n\\f\\r\\x20';
const noSpace = '\\x00-\\x08\\x0b\\x0e-\\x1f!-\\u{10ffff}';

export interface PatternParts {
  flags: string;
  /** What follows the flags, and where it begins. */
  body: string;
  start: number;
}

export function splitFlags(pattern: string): PatternParts {
  const [prefix = '', flags = ''] = leadingFlags.exec(pattern) ?? [];
  return { flags, body: pattern.slice(prefix.length), start: prefix.length };
}

/**
 * The source for JavaScript's own engine (with the flag `u`) of a pattern in the dialect that it shares
 * with RE2. Three things are read alike only when written differently: `.`, `\s` and `\S`.
 */
export function nativeSource(body: string, flags: string): string {
  let inClass = false;
  return body.replace(/\\.|[[\].]/gs, (token) => {
    if (token === '[') inClass = true;
    if (token === ']') inClass = false;
    if (token === '.') return inClass || flags.includes('s') ? token : '[^\\n]';
    if (token === '\\s') return inClass ? space : `[${space}]`;
    if (token === '\\S') return inClass ? noSpace : `[${noSpace}]`;
    return token;
  });
}

/** @throws SyntaxError for a pattern that JavaScript cannot read */
export function nativePattern(pattern: string): RegExp {
  const { flags, body } = splitFlags(pattern);
  return new RegExp(nativeSource(body, flags), `u${flags}`);
}

/** Does the pattern match anywhere in a text? Undefined for a pattern that JavaScript cannot read. */
export function compilePattern(pattern: string): ((text: string) => boolean) | undefined {
  try {
    const native = nativePattern(pattern);
    return (text) => native.test(text);
  } catch {
    return undefined;
  }
}
