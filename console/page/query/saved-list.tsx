import { useState } from 'preact/hooks';
import type { SavedQueryInfo } from '../../contract.ts';
import { dropOwn, keepOwn, readOwn } from './saved.ts';

export interface SavedListProps {
  saved: readonly SavedQueryInfo[];
  sql: string;
  params: Record<string, string>;
  onChoose: (query: { sql: string; params: Record<string, string> }) => void;
}

/** Queries of the guides, and those that the user kept in this browser. */
export function SavedList({ saved, sql, params, onChoose }: SavedListProps) {
  const [own, setOwn] = useState(readOwn);
  const [name, setName] = useState('');
  return (
    <section aria-labelledby="saved-title">
      <h2 id="saved-title">Saved queries</h2>
      <ul class="plain saved">
        {saved.map((query) => (
          <li key={query.name}>
            <button
              type="button"
              class="link"
              title={query.about}
              onClick={() =>
                onChoose({
                  sql: query.sql,
                  params: Object.fromEntries(
                    query.parameters.map(({ name: key, default: text }) => [key, text ?? '']),
                  ),
                })
              }
            >
              {query.name}
            </button>
          </li>
        ))}
        {own.map((query) => (
          <li key={`own ${query.name}`}>
            <button type="button" class="link" onClick={() => onChoose(query)}>
              {query.name}
            </button>
            <button
              type="button"
              class="link faint"
              aria-label={`Forget ${query.name}`}
              onClick={() => setOwn(dropOwn(query.name))}
            >
              forget
            </button>
          </li>
        ))}
      </ul>
      <form
        class="save-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === '') return;
          setOwn(keepOwn({ name: name.trim().slice(0, 80), sql, params }));
          setName('');
        }}
      >
        <input
          value={name}
          aria-label="Name for this query"
          placeholder="name this query"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="small" disabled={name.trim() === '' || sql.trim() === ''}>
          Keep
        </button>
      </form>
    </section>
  );
}
