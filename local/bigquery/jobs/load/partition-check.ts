import type { Cell } from '../../tables/cell.ts';
import { type Partition, wrongPartition } from '../../tables/partitions.ts';
import type { Table } from '../../tables/schema.ts';

/** Throws invalid for a row of another partition. */
export function partitionCheck(table: Table, partition: Partition): (row: readonly Cell[]) => void {
  const { column, range, type } = partition;
  const position = table.schema.findIndex(({ name }) => name === column);
  if (position === -1) return () => {};
  const unit = type === 'DATE' ? 86_400_000_000n : 1n;
  return (row) => {
    const cell = row[position] ?? null;
    const value = cell === null ? undefined : BigInt(cell as bigint | number) * unit;
    const fits =
      value === undefined || !range ? value === range : value >= range.from && value < range.to;
    if (!fits) throw wrongPartition(partition);
  };
}
