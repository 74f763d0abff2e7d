// A column of Arrow's library, with checks of what it does not check.

import { status } from '@grpc/grpc-js';
import { type DataType, Type } from 'apache-arrow';
import { BadRow, Refusal } from '../../refusals.ts';

export const LISTS: readonly Type[] = [Type.List, Type.LargeList];

/** A column of a batch, as Arrow's library holds it. */
export interface ArrowColumn {
  readonly type: DataType;
  readonly length: number;
  readonly stride: number;
  readonly values: ArrayLike<number | bigint> & { subarray?(from: number, to: number): Uint8Array };
  readonly valueOffsets: ArrayLike<number | bigint> | undefined;
  readonly children: readonly ArrowColumn[];
  getValid(index: number): boolean;
}

export function at(data: ArrowColumn, index: number): number | bigint {
  const value = data.values[index];
  if (value === undefined) throw truncated();
  return value;
}

export function slice(data: ArrowColumn, from: number, to: number): Uint8Array {
  const bytes = data.values.subarray?.(from, to);
  if (!bytes || bytes.length !== to - from) throw truncated();
  return bytes;
}

export function range({ valueOffsets }: ArrowColumn, index: number): [number, number] {
  return [Number(valueOffsets?.[index] ?? -1), Number(valueOffsets?.[index + 1] ?? -1)];
}

/** Throws a Refusal for offsets that lie: they must grow and stay within the values. */
export function checkColumn(column: ArrowColumn, name: string): void {
  const { valueOffsets, children, type } = column;
  if (valueOffsets && valueOffsets.length > 0) {
    const end = LISTS.includes(type.typeId) ? (children[0]?.length ?? 0) : column.values.length;
    let last = 0;
    for (let index = 0; index <= column.length; index++) {
      const offset = Number(valueOffsets[index] ?? -1);
      if (offset < last || offset > end) {
        throw new Refusal(
          status.INVALID_ARGUMENT,
          `the Arrow record batch is malformed: the offsets of ${name} are not valid`,
        );
      }
      last = offset;
    }
  }
  for (const child of children) checkColumn(child, name);
}

export function truncated(): BadRow {
  return new BadRow('', 'Malformed Arrow data: a buffer ends within a value');
}
