/** Marks around SQL that DuckDB does not take in TRY: an aggregate, a window function or a subquery. */
const [START, END] = ['/*[*/', '/*]*/'];

export function apart(sql: string): string {
  return `${START}${sql}${END}`;
}

const COLUMN = /[A-Za-z_]\w*\."(?:[^"]|"")*"/y;
const TEXT = /'(?:[^']|'')*'/y;

/** NULL in the place of an error. What stands apart in the expression, and its columns, are computed before. */
export function tried(sql: string): string {
  if (!sql.includes(START)) return tryOf(sql);
  const before: string[] = [];
  const moved = (part: string) => {
    const known = before.indexOf(part);
    if (known < 0) before.push(part);
    return item(known < 0 ? before.length - 1 : known);
  };
  let body = '';
  for (let at = 0; at < sql.length; ) {
    const text = matchAt(TEXT, sql, at);
    const column = text === undefined ? matchAt(COLUMN, sql, at) : undefined;
    const marked = sql.startsWith(START, at) ? markedAt(sql, at) : undefined;
    const part = marked ?? column;
    body += text ?? (part === undefined ? (sql[at] ?? '') : moved(part));
    at += (text ?? part ?? ' ').length;
  }
  return bound(before, tryOf(body));
}

/** The SQL over values that are computed before, outside of its TRY. */
export function bound(values: readonly string[], body: string): string {
  const fields = values.map((value, index) => `v${index} := ${value}`);
  return `list_transform([struct_pack(${fields.join(', ')})], lambda safe_args: ${body})[1]`;
}

/** How the body of `bound` names a value. */
export function item(index: number): string {
  return `safe_args.v${index}`;
}

/** Whether an expression can neither fail nor hold what stands apart: a column, a literal, a parameter. */
export function isSimple(sql: string): boolean {
  return /^(?:\w+\."[^"]*"|CAST\('?[\w.+-]*'? AS [\w(), ]+\)|NULL|TRUE|FALSE|getvariable\('\w+'\)|'[^']*')$/.test(
    sql,
  );
}

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  if (pattern === COLUMN && /\w/.test(sql[at - 1] ?? '')) return undefined;
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function markedAt(sql: string, start: number): string {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    const text = matchAt(TEXT, sql, at);
    if (text !== undefined) at += text.length - 1;
    else if (sql.startsWith(START, at)) depth += 1;
    else if (sql.startsWith(END, at) && --depth === 0) return sql.slice(start, at + END.length);
  }
  return sql.slice(start);
}

function tryOf(sql: string): string {
  // A BIGNUMERIC is made from text outside of what may fail.
  const big = /^bq_big\((.*)\)$/s.exec(sql)?.[1];
  return big === undefined || unbalanced(big) ? `TRY(${sql})` : `bq_big(TRY(${big}))`;
}

function unbalanced(sql: string): boolean {
  let depth = 0;
  for (const char of sql) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth < 0) return true;
  }
  return false;
}
