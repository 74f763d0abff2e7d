import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** DuckDB's client reads text without the byte order mark that it may begin with; this makes it keep it. */
export function keepByteOrderMarks(): void {
  const reading = require('@duckdb/node-api/lib/vectors/dataAccessors.js') as {
    textDecoder: InstanceType<typeof TextDecoder>;
  };
  reading.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
}
