/** Something that is wrong, or may be, in a file of the project. */
export interface Finding {
  /** From the working directory. */
  file: string;
  line?: number;
  /** The option or variable: `streams.orders.table`; empty for the whole file. */
  path: string;
  message: string;
  remedy: string;
}

export interface Findings {
  problems: Finding[];
  /** What may be right: nothing is stopped for it. */
  warnings: Finding[];
}
