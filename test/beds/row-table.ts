import type { Row } from '../../shared/columns.ts';
import type { ValueNote } from '../../shared/shape/map-columns.ts';
import type { RowTable } from '../../subscriber/rows/row-writer.ts';
import type { WriteResult } from '../../subscriber/rows/write-result.ts';

/**
 * A table that encodes nothing: `write` gets each row as it was mapped.
 *
 * @param notes what the encoder finds
 */
export function rowTable(
  write: (row: Row, sequence?: string) => Promise<WriteResult>,
  notes: () => readonly ValueNote[] | undefined = () => undefined,
): RowTable {
  const rows = new Map<Uint8Array, [Row, string | undefined]>();
  return {
    encoder: {
      encode(row, sequence) {
        const bytes = new Uint8Array();
        rows.set(bytes, [row, sequence]);
        const found = notes();
        return { ok: true, row: bytes, ...(found && { notes: found }) };
      },
    },
    queue: {
      write(bytes) {
        const [row = {}, sequence] = rows.get(bytes) ?? [];
        return write(row, sequence);
      },
    },
  };
}
