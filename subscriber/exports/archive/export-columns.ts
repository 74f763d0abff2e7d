import { everyType, type TypeSet } from '../../../shared/delimited/column-types.ts';
import type { CsvFile } from './csv-file.ts';
import type { Detected } from './csv-reader.ts';

export interface Column {
  name: string;
  /** Those that fit all of its values. */
  types: TypeSet;
}

/**
 * The columns of an export. They are known from the beginnings of its files at first, then from all values of
 * each file that has been read.
 */
export class ExportColumns {
  readonly #files: readonly CsvFile[];
  readonly #detected = new Map<CsvFile, Detected>();

  /** @param files in loading order */
  constructor(files: readonly CsvFile[]) {
    this.#files = files;
  }

  detect(file: CsvFile, detected: Detected): void {
    this.#detected.set(file, detected);
  }

  /**
   * The cells of a file that are columns. A cell without a name and without values is not a column, except
   * when only one other cell is left: a row with NULL in a single column would be an empty line.
   */
  cellsOf(file: CsvFile): number[] {
    const { hasValue } = this.#of(file);
    const empty = file.unnamed.filter((cell) => !hasValue[cell]);
    const [first] = empty;
    const dropped = new Set(empty);
    if (first !== undefined && file.names.length - dropped.size < 2) dropped.delete(first);
    return file.names.flatMap((_, cell) => (dropped.has(cell) ? [] : [cell]));
  }

  /** The columns of all files with rows, each once. Names that differ only in case are one column. */
  merged(): Column[] {
    const columns = new Map<string, Column>();
    for (const file of this.#files.filter(({ hasRows }) => hasRows)) {
      const { types } = this.#of(file);
      for (const cell of this.cellsOf(file)) {
        const name = file.names[cell] ?? '';
        const known = columns.get(name.toLowerCase()) ?? { name, types: everyType };
        columns.set(name.toLowerCase(), {
          name: known.name,
          types: known.types & (types[cell] ?? everyType),
        });
      }
    }
    return [...columns.values()];
  }

  #of(file: CsvFile): Detected {
    return this.#detected.get(file) ?? file.sampled;
  }
}
