/** The user's own queries, in this browser. */
export interface OwnQuery {
  name: string;
  sql: string;
  params: Record<string, string>;
}

const key = 'tributary.queries';
const maxQueries = 200;

export function readOwn(): OwnQuery[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(read)
      ? (read as OwnQuery[]).filter(
          ({ name, sql }) => typeof name === 'string' && typeof sql === 'string',
        )
      : [];
  } catch {
    return [];
  }
}

/** One with the same name is replaced. */
export function keepOwn(query: OwnQuery): OwnQuery[] {
  return write(
    [query, ...readOwn().filter(({ name }) => name !== query.name)].slice(0, maxQueries),
  );
}

export function dropOwn(name: string): OwnQuery[] {
  return write(readOwn().filter((query) => query.name !== name));
}

function write(queries: OwnQuery[]): OwnQuery[] {
  try {
    localStorage.setItem(key, JSON.stringify(queries));
  } catch {
    // Storage is full or forbidden: the query stays for this page.
  }
  return queries;
}
