export type Piece = readonly [
  text: string,
  kind: 'plain' | 'word' | 'text' | 'number' | 'note' | 'name',
];

const keywords = new Set(
  `ALL AND ANY ARRAY AS ASC BETWEEN BY CASE CAST CROSS CURRENT DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FROM FULL GROUP HAVING IF IN INNER INTERSECT INTERVAL IS JOIN LATERAL LEFT LIKE LIMIT NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION QUALIFY RANGE RIGHT ROLLUP ROWS SELECT STRUCT TABLESAMPLE THEN TO TRUE UNION UNNEST USING WHEN WHERE WINDOW WITH`.split(
    ' ',
  ),
);

const token =
  /(--[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|((?:\b[rRbB]{1,2})?(?:'''[\s\S]*?(?:'''|$)|"""[\s\S]*?(?:"""|$)|'(?:[^'\\\n]|\\.)*'?|"(?:[^"\\\n]|\\.)*"?))|(`[^`\n]*`?)|(\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([A-Za-z_@]\w*)/g;

/** GoogleSQL in pieces of one colour. */
export function highlight(sql: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of sql.matchAll(token)) {
    const [whole, note, text, name, number, word = ''] = match;
    if (match.index > at) pieces.push([sql.slice(at, match.index), 'plain']);
    at = match.index + whole.length;
    const kind = note
      ? 'note'
      : text
        ? 'text'
        : name
          ? 'name'
          : number
            ? 'number'
            : keywords.has(word.toUpperCase())
              ? 'word'
              : 'plain';
    pieces.push([whole, kind]);
  }
  if (at < sql.length) pieces.push([sql.slice(at), 'plain']);
  return pieces;
}
