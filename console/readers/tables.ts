import type { Relay } from '../../shared/config/config.ts';
import { ledgerTable } from '../../shared/report/ledger.ts';
import type { ConsoleParts } from '../context.ts';
import type { TableInfo } from '../contract.ts';

interface ListedTable {
  metadata: { type?: string };
  id?: string;
  getMetadata(): Promise<
    [{ schema?: { fields?: { name: string; type: string; mode?: string }[] } }, ...unknown[]]
  >;
}

const maxTables = 500;
/** Columns are asked for one table at a time. */
const atOnce = 8;

/** The tables of the datasets that this relay writes to, with their columns. */
export async function readTables({ relay, bigquery }: ConsoleParts): Promise<TableInfo[]> {
  const found: { name: string; table: ListedTable }[] = [];
  for (const dataset of datasetsOf(relay)) {
    try {
      const [tables] = await bigquery.dataset(dataset).getTables({ maxResults: maxTables });
      for (const table of tables)
        found.push({ name: `${dataset}.${table.id}`, table: table as unknown as ListedTable });
    } catch (error) {
      // A dataset is created with its first table.
      if ((error as { code?: unknown }).code !== 404) throw error;
    }
  }
  const infos: TableInfo[] = [];
  for (let at = 0; at < found.length; at += atOnce) {
    infos.push(...(await Promise.all(found.slice(at, at + atOnce).map(describe))));
  }
  return infos;
}

function datasetsOf(relay: Relay): Set<string> {
  const tables = [...relay.streams.values()].map(({ table }) => table);
  return new Set([...tables, ledgerTable(relay)].map((name) => name.split('.')[0] ?? ''));
}

async function describe({ name, table }: { name: string; table: ListedTable }): Promise<TableInfo> {
  const [metadata] = await table.getMetadata();
  const columns = (metadata.schema?.fields ?? []).map((field) => ({
    name: field.name,
    type: field.mode === 'REPEATED' ? `${field.type}[]` : field.type,
  }));
  return { name, columns, kind: table.metadata.type === 'VIEW' ? 'VIEW' : 'TABLE' };
}
