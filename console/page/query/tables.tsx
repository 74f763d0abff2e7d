import { useState } from 'preact/hooks';
import type { TableInfo } from '../../contract.ts';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import type { Resource } from '../state/resource.ts';

const manyTables = 12;
const maxShown = 200;

/** The tables with their columns. A click on a column writes its name. */
export function Tables({
  resource: { data, problem, reload },
  project,
  onInsert,
  onChoose,
}: {
  resource: Resource<TableInfo[]>;
  project: string;
  onInsert: (text: string) => void;
  onChoose: (sql: string) => void;
}) {
  const [text, set] = useState('');
  const found = data?.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())) ?? [];
  return (
    <section aria-labelledby="tables-title">
      <h2 id="tables-title">Tables</h2>
      {problem && <Failed problem={problem} retry={reload} />}
      {!data && !problem && <Loading lines={5} />}
      {data && data.length > manyTables && (
        <input
          type="search"
          aria-label="Find a table"
          placeholder={`Find one of ${data.length}`}
          value={text}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      {data?.length === 0 && <Empty title="There is no table yet." />}
      {found.slice(0, maxShown).map(({ name, columns, kind }) => (
        <details key={name} class="table-item">
          <summary>
            <span class="mono">{name}</span>
            {kind === 'VIEW' && <span class="faint"> view</span>}
          </summary>
          <button
            type="button"
            class="link"
            onClick={() => onChoose(`SELECT *\nFROM \`${project}.${name}\`\nLIMIT 100`)}
          >
            its first 100 rows
          </button>
          <ul>
            {columns.map((column) => (
              <li key={column.name}>
                <button
                  type="button"
                  class="column-button"
                  onClick={() => onInsert(` ${column.name}`)}
                  title={`Write ${column.name}`}
                >
                  <span class="mono">{column.name}</span> <small>{column.type.toLowerCase()}</small>
                </button>
              </li>
            ))}
          </ul>
        </details>
      ))}
      {found.length > maxShown && (
        <p class="faint">and {found.length - maxShown} more: search for them</p>
      )}
    </section>
  );
}
