import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SavedQueryInfo, TableInfo } from '../../contract.ts';
import { bytes } from '../parts/figures.ts';
import { Empty, Failed } from '../parts/states.tsx';
import { useResource } from '../state/resource.ts';
import { setQuery, useRoute } from '../state/route.ts';
import { useInfo } from '../state/use-info.ts';
import { Editor } from './editor.tsx';
import { QueryResult } from './query-result.tsx';
import { SavedList } from './saved-list.tsx';
import { Tables } from './tables.tsx';
import { useQuery } from './use-query.ts';

/** GoogleSQL on the relay's tables. */
export function QueryPage() {
  const info = useInfo();
  const { query } = useRoute();
  const tables = useResource<TableInfo[]>(info.features.query ? '/tables' : undefined);
  const saved = useResource<SavedQueryInfo[]>(info.features.query ? '/saved-queries' : undefined);
  const first = info.streams[0];
  const [sql, setSql] = useState(
    query.get('sql') ??
      (first ? `SELECT *\nFROM \`${info.project}.${first.table}\`\nLIMIT 100` : ''),
  );
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      [...query].flatMap(([name, value]) =>
        name.startsWith('p.') ? [[name.slice(2), value]] : [],
      ),
    ),
  );
  const names = useMemo(() => parametersOf(sql), [sql]);
  const types = new Map(
    saved.data?.flatMap(({ parameters }) =>
      parameters.map(({ name, type, default: text }) => [name, { type, text }] as const),
    ),
  );
  const params = names.map((name) => {
    const value = values[name] ?? types.get(name)?.text ?? '';
    return {
      name,
      value,
      type: types.get(name)?.type ?? (/^-?\d{1,15}$/.test(value) ? 'INT64' : 'STRING'),
    };
  });
  const { run, problem, check, start, cancel, more } = useQuery({ sql, params });
  useEffect(() => {
    document.title = 'Query · Tributary';
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => {
      const own = Object.fromEntries(params.map(({ name, value }) => [`p.${name}`, value]));
      // A longer URL is refused by some proxies.
      setQuery({
        ...Object.fromEntries(
          [...new URLSearchParams(location.search).keys()].map((key) => [key, undefined]),
        ),
        sql: sql.length < 6000 ? sql : undefined,
        ...own,
      });
    }, 400);
    return () => clearTimeout(timer);
  }, [sql, JSON.stringify(values)]);
  const isRunning = run?.state === 'running';
  if (!info.features.query) {
    return (
      <>
        <h1 tabIndex={-1}>Query</h1>
        <Empty title="Queries are switched off here.">
          Use <code>npx tributary query</code>.
        </Empty>
      </>
    );
  }
  return (
    <div class="query">
      <header class="page-head">
        <h1 tabIndex={-1}>Query</h1>
      </header>
      <div class="query-columns">
        <aside class="query-side" aria-label="Tables and saved queries">
          <SavedList
            saved={saved.data ?? []}
            sql={sql}
            params={Object.fromEntries(params.map(({ name, value }) => [name, value]))}
            onChoose={(chosen) => {
              setSql(chosen.sql);
              setValues(chosen.params);
            }}
          />
          <Tables
            resource={tables}
            project={info.project}
            onInsert={(text) => setSql((before) => `${before}${text}`)}
            onChoose={setSql}
          />
        </aside>
        <div class="query-main">
          <Editor value={sql} onInput={setSql} onRun={() => void start()} />
          {params.length > 0 && (
            <div class="query-params">
              {params.map(({ name, value, type }) => (
                <label key={name}>
                  <code>@{name}</code>
                  <input
                    value={value}
                    aria-label={`Value of ${name}, ${type}`}
                    placeholder={type.toLowerCase()}
                    onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
                  />
                </label>
              ))}
            </div>
          )}
          <div class="toolbar">
            {isRunning ? (
              <button type="button" class="danger" onClick={() => void cancel()}>
                Cancel
              </button>
            ) : (
              <button
                type="button"
                class="primary"
                disabled={sql.trim() === ''}
                onClick={() => void start()}
              >
                Run
              </button>
            )}
            <span class="faint">
              <kbd>Ctrl</kbd> <kbd>Enter</kbd>
            </span>
            <span class={check?.problem ? 'problem check-note' : 'faint check-note'} role="status">
              {check?.problem?.detail ??
                (check?.bytes ? `It would read ${bytes(check.bytes)}.` : '')}
            </span>
          </div>
          {problem && <Failed problem={problem} />}
          {run && <QueryResult run={run} onMore={() => void more()} />}
          {!run && !problem && (
            <Empty title="No result yet.">The console runs SELECT, and changes no table.</Empty>
          )}
        </div>
      </div>
    </div>
  );
}

/** The names of @parameters, outside of texts and comments. */
function parametersOf(sql: string): string[] {
  const bare = sql.replace(
    /--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`/g,
    ' ',
  );
  return [...new Set([...bare.matchAll(/(?<!@)@([A-Za-z_]\w*)/g)].map(([, name = '']) => name))];
}
