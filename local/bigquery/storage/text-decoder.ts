import { createRequire } from 'node:module';

const ACCESSORS = '@duckdb/node-api/lib/vectors/dataAccessors.js';

/** DuckDB's driver drops a byte order mark at the beginning of a text unless its decoder is told to keep it. */
export function keepByteOrderMarks(): void {
  const accessors = createRequire(import.meta.url)(ACCESSORS) as {
    textDecoder: InstanceType<typeof TextDecoder>;
  };
  accessors.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
}
