import type { Table, TableMetadata } from '@google-cloud/bigquery';

const NOT_FOUND = 404;
const CONFLICT = 409;

/** What is there, or undefined once it was made; whoever else makes it at the same time may be first. */
export async function createOrRead(
  table: Table,
  create: () => Promise<unknown>,
): Promise<TableMetadata | undefined> {
  const existing = await readMetadata(table);
  if (existing || (await unlessThere(create()))) return existing;
  return await readMetadata(table);
}

async function readMetadata(table: Table): Promise<TableMetadata | undefined> {
  try {
    const [metadata] = await table.getMetadata();
    return metadata;
  } catch (cause) {
    if (codeOf(cause) === NOT_FOUND) return undefined;
    throw cause;
  }
}

/** False when another was faster. */
export async function unlessThere(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (cause) {
    if (codeOf(cause) === CONFLICT) return false;
    throw cause;
  }
}

/** The HTTP status of an answer, where it is one. */
export function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
