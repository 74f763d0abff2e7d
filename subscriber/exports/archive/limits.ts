/** What an export may take. Beyond a limit it is rejected, whatever its sender declared. */
export interface ExportLimits {
  /** Bytes of the ZIP. */
  compressedBytes: number;
  /** Bytes of all its CSVs together. */
  inflatedBytes: number;
  /** Inflated bytes per compressed byte, of each file and of the whole. */
  ratio: number;
  entries: number;
}

const gibibyte = 1024 ** 3;

/** Event data deflates 5 to 50 times; deflate itself can't exceed 1,032. */
export const defaultExportLimits: ExportLimits = {
  compressedBytes: 5 * gibibyte,
  inflatedBytes: 100 * gibibyte,
  ratio: 250,
  entries: 10_000,
};
