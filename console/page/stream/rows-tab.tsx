import { useEffect } from 'preact/hooks';
import type { QueryRunInfo, StreamInfo } from '../../contract.ts';
import { Select } from '../parts/controls.tsx';
import { plural } from '../parts/figures.ts';
import { ResultTable } from '../parts/result-table.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { ApiError } from '../state/api.ts';
import { deliveries } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { setQuery, useRoute } from '../state/route.ts';
import { useStore } from '../state/store.ts';

const ranges = [
  ['1', 'Last hour'],
  ['24', 'Last day'],
  ['168', 'Last week'],
  ['0', 'All time'],
] as const;

/** A new row may cost a query: at most one each second. */
const followMs = 400;

/** The newest rows of the table, read again when one is written. */
export function RowsTab({ stream }: { stream: StreamInfo }) {
  const { query } = useRoute();
  const hours = query.get('hours') ?? '24';
  const path = `/streams/${stream.name}/rows?hours=${encodeURIComponent(hours)}`;
  const { data, problem, isLoading, reload } = useResource<QueryRunInfo>(path);
  const newest = useStore(deliveries).find(
    (one) => one.stream === stream.name && one.kind !== 'dead letter',
  )?.n;
  useEffect(() => {
    if (newest === undefined) return;
    const timer = setTimeout(reload, followMs);
    return () => clearTimeout(timer);
  }, [newest, reload]);
  const failed = problem ?? (data?.problem && new ApiError(400, data.problem));
  const { fields, rows, cut } = data ?? {};
  return (
    <section class="panel flush" aria-labelledby="rows-title">
      <header>
        <h2 id="rows-title">Newest rows</h2>
        <span class="faint">{rows ? plural(rows.length, 'row') : ''}</span>
        <span class="toolbar-end">
          {isLoading && data && <span class="faint">reading …</span>}
          <Select
            label="Range"
            value={hours}
            options={ranges}
            onChange={(value) => setQuery({ hours: value })}
          />
          <button type="button" class="small" onClick={reload}>
            Refresh
          </button>
        </span>
      </header>
      {failed && <Failed problem={failed} retry={reload} />}
      {!data && !failed && <Loading lines={8} label="Reading the newest rows" />}
      {rows && fields && rows.length === 0 && (
        <Empty title="The table has no row in this range.">
          Rows appear here as they are written.{' '}
          <a href={`/streams/${stream.name}?tab=send`}>Send a sample</a>
        </Empty>
      )}
      {rows && fields && cut && rows.length > 0 && (
        <ResultTable
          rows={{ fields, rows, cut }}
          label={`Newest rows of ${stream.table}`}
          cellPath={(row, column) => `/rows/${data?.id}/cell?row=${row}&column=${column}`}
        />
      )}
    </section>
  );
}
