/** A table as the health check sees it. */
export interface TableHealth {
  /** Of the stream that it is for. */
  stream: string;
  /** BigQuery keeps refusing what is sent. */
  isRefused: boolean;
  rowsWritten: number;
}

export interface Readiness {
  isReady: boolean;
  /** What a person must mend before everything can be written, in one line. */
  trouble?: string | undefined;
}

/**
 * Dead letters that are not stored make a replica unready, and so do tables when none takes rows. While one
 * of them does, the replica is of use, and the trouble is told of all the same.
 *
 * @param deadLetters how many BigQuery refuses
 */
export function readinessOf(
  tables: readonly TableHealth[],
  deadLetters: number | 'all',
): Readiness {
  const refused = tables.filter(({ isRefused }) => isRefused);
  const isOfUse = refused.length === 0 || tables.some((table) => isTaken(table));
  const troubles = [];
  if (deadLetters !== 0) troubles.push(`dead letters that BigQuery refuses: ${deadLetters}`);
  if (refused.length > 0) {
    const streams = refused.map(({ stream }) => stream).join(', ');
    troubles.push(`streams whose rows BigQuery refuses: ${streams}`);
  }
  return { isReady: deadLetters === 0 && isOfUse, trouble: troubles.join('; ') || undefined };
}

function isTaken({ isRefused, rowsWritten }: TableHealth): boolean {
  return !isRefused && rowsWritten > 0;
}
