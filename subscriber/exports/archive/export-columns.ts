import { everyType, type TypeSet } from '../../../shared/delimited/column-types.ts';
import type { CsvFile } from './csv-file.ts';
import type { Detected } from './csv-reader.ts';

export interface Column {
  name: string;
  /** That all of its values have. */
  types: TypeSet;
}

/**
 * The columns of an export, by what is known of its files: at first their beginnings, then, of each file that
 * was read, all of its values.
 */
export class ExportColumns {
  readonly #files: readonly CsvFile[];
  readonly #detected = new Map<CsvFile, Detected>();

  /** @param files in the order that they are loaded in */
  constructor(files: readonly CsvFile[]) {
    this.#files = files;
  }

  detect(file: CsvFile, detected: Detected): void {
    this.#detected.set(file, detected);
  }

  /**
   * The cells of a file that are columns. One that neither has a name nor a value is none, except where there
   * is but one other: a row that is NULL in a single column would be an empty line.
   */
  cellsOf(file: CsvFile): number[] {
    const { hasValue } = this.#of(file);
    const empty = file.unnamed.filter((cell) => !hasValue[cell]);
    const [first] = empty;
    const dropped = new Set(empty);
    if (first !== undefined && file.names.length - dropped.size < 2) dropped.delete(first);
    return file.names.flatMap((_, cell) => (dropped.has(cell) ? [] : [cell]));
  }

  /** The columns of all files with rows, each once: names that differ in case alone are one. */
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
