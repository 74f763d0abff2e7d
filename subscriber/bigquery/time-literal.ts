/** A time in Unix milliseconds as SQL: a literal, so that BigQuery reads only the partitions of the range. */
export function timeLiteral(time: number): string {
  return `TIMESTAMP '${new Date(time).toISOString().replace('Z', '+00:00')}'`;
}
