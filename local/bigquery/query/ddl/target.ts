import { BigQueryError } from '../../errors.ts';
import type { TableRef } from '../../tables/schema.ts';
import { tableRef } from '../session/names.ts';
import type { Session } from '../session/session.ts';

/** A temporary table lives in the hidden dataset of its script. */
export function targetRef(
  session: Session,
  path: readonly string[],
  isTemporary: boolean,
): TableRef {
  const tableId = path.at(-1) ?? '';
  const known = path.length === 1 ? session.temporary.get(tableId.toLowerCase()) : undefined;
  if (known !== undefined) return known;
  if (!isTemporary) return tableRef(path, session.scope);
  if (session.scratch === undefined)
    throw new BigQueryError(
      'invalidQuery',
      'Use of CREATE TEMPORARY TABLE requires a script or session',
    );
  return { ...session.scratch, tableId };
}
