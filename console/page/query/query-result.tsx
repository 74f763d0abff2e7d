import type { QueryRunInfo } from '../../contract.ts';
import { bytes, count, duration, plural } from '../parts/figures.ts';
import { ResultTable } from '../parts/result-table.tsx';
import { Empty, Failed, State } from '../parts/states.tsx';
import { useNow } from '../parts/time.tsx';
import { ApiError } from '../state/api.ts';

export function QueryResult({ run, onMore }: { run: QueryRunInfo; onMore: () => void }) {
  const { id, state, fields, rows, cut, totalRows, problem, ms } = run;
  if (state === 'running') return <Running since={run.startedAt} />;
  if (state === 'cancelled') {
    return (
      <p role="status">
        <State tone="idle">Cancelled after {duration(ms)}</State>
      </p>
    );
  }
  if (problem) return <Failed problem={new ApiError(400, problem)} />;
  if (!fields || !rows || !cut) return null;
  return (
    <section class="panel flush" aria-labelledby="result-title">
      <header>
        <h2 id="result-title">{plural(totalRows ?? rows.length, 'row')}</h2>
        <span class="faint">
          {plural(fields.length, 'column')}, {duration(ms)}
          {run.bytes ? `, ${bytes(run.bytes)} read` : ''}
          {totalRows !== undefined && rows.length < totalRows
            ? `, ${count(rows.length)} loaded`
            : ''}
        </span>
        <span class="toolbar-end">
          <a class="button small" href={`/api/queries/${id}/csv`} download="tributary-query.csv">
            Download CSV
          </a>
        </span>
      </header>
      {rows.length === 0 ? (
        <Empty title="The query found no row." />
      ) : (
        <ResultTable
          rows={{ fields, rows, cut }}
          label="Result"
          onEnd={run.next ? onMore : undefined}
          cellPath={(row, column) => `/queries/${id}/cell?row=${row}&column=${column}`}
        />
      )}
    </section>
  );
}

function Running({ since }: { since: number }) {
  const now = useNow();
  return (
    <p role="status" class="running">
      <State tone="busy">Running for {duration(Math.max(0, now - since))}</State>
      <progress aria-label="Running" />
    </p>
  );
}
