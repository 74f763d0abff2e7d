const maxReasonLength = 160;

/**
 * The reason of a dead letter without what may come from its payload. The path of a column may hold a key of the
 * sender's: only the table's own column is named. A reason of BigQuery's own, which names no column, may quote a value.
 *
 * @param paths of the columns at fault, separated by commas; may be empty
 * @param known the columns of the stream's table
 */
export function safeReason(reason: string, paths: string, known?: ReadonlySet<string>): string {
  const columns = paths.split(',').map((path) => path.trim());
  const named = columns
    .filter((path) => path !== '')
    // The longest first: one may begin with another.
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, path) => text.replaceAll(path, nameOf(path, known)), reason);
  const masked = named
    .replaceAll(/(["'`])(?:(?!\1).)*\1?/g, '"…"')
    .replaceAll(/\d[\d.,:-]{5,}/g, '…')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return masked.length > maxReasonLength ? `${masked.slice(0, maxReasonLength)}…` : masked;
}

function nameOf(path: string, known: ReadonlySet<string> | undefined): string {
  const [column = ''] = path.split(/[.[]/, 1);
  return known?.has(column) ? column : 'a column';
}
