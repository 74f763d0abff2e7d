import type { CensusLine, StreamInfo } from '../../contract.ts';
import { Search, Select } from '../parts/controls.tsx';
import { count, plural } from '../parts/figures.ts';
import { Empty, Failed, Loading, State } from '../parts/states.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { useResource } from '../state/resource.ts';
import { setQuery, useRoute } from '../state/route.ts';

const ranges = [
  ['1', 'Last day'],
  ['7', 'Last week'],
  ['30', 'Last 30 days'],
] as const;
const rowHeight = 32;

/** What the filter dropped, by name, and what another one would keep. */
export function FilterTab({ stream }: { stream: StreamInfo }) {
  const { query } = useRoute();
  const [pattern, days] = [query.get('event') ?? '', query.get('days') ?? '7'];
  const wanted = new URLSearchParams({ days, ...(pattern && { event: pattern }) });
  const { data, problem, reload } = useResource<CensusLine[]>(
    `/streams/${stream.name}/census?${wanted}`,
  );
  return (
    <>
      <section class="panel" aria-labelledby="filter-title">
        <header>
          <h2 id="filter-title">The filter</h2>
        </header>
        {stream.filter ? (
          <pre class="code">
            <Text text={stream.filter} />
          </pre>
        ) : (
          <p class="faint">The stream has no filter: every event passes.</p>
        )}
      </section>
      <section class="panel flush" aria-labelledby="census-title">
        <header>
          <h2 id="census-title">What it dropped</h2>
          <span class="toolbar-end">
            <Select
              label="Range"
              value={days}
              options={ranges}
              onChange={(value) => setQuery({ days: value })}
            />
          </span>
        </header>
        <div class="panel-tools">
          <Search
            value={pattern}
            label="Try another pattern for names"
            placeholder={
              stream.eventPattern ? `another event: ${stream.eventPattern}` : 'event: ^order\\.'
            }
            onChange={(text) => setQuery({ event: text })}
          />
          {data && pattern && <Kept lines={data} />}
          {stream.filtersPayload && (
            <span class="faint">
              The filter also looks at payloads, which the census does not hold.
            </span>
          )}
        </div>
        {problem && <Failed problem={problem} retry={reload} />}
        {!data && !problem && <Loading lines={5} />}
        {data?.length === 0 && (
          <Empty title="The filter dropped nothing in this range.">
            The edge counts what it drops, and reports it within ten seconds of the next delivery.
          </Empty>
        )}
        {data && data.length > 0 && <CensusTable lines={data} isTried={pattern !== ''} />}
      </section>
    </>
  );
}

function Kept({ lines }: { lines: readonly CensusLine[] }) {
  const kept = lines.filter(({ isKept }) => isKept);
  const sum = kept.reduce((all, { dropped }) => all + dropped, 0);
  const all = lines.reduce((total, { dropped }) => total + dropped, 0);
  return (
    <span role="status">
      It would keep <b>{count(sum)}</b> of {count(all)} dropped events:{' '}
      {plural(kept.length, 'name')}.
    </span>
  );
}

function CensusTable({ lines, isTried }: { lines: readonly CensusLine[]; isTried: boolean }) {
  return (
    <VirtualList
      count={lines.length}
      rowHeight={rowHeight}
      label="Dropped events by name"
      maxHeight={`min(60vh, ${lines.length * rowHeight + 36}px)`}
      head={
        <div class="grid-row head census-grid" role="row">
          <span role="columnheader">Event</span>
          <span role="columnheader" class="num">
            Dropped
          </span>
          <span role="columnheader">Last</span>
          <span role="columnheader">{isTried ? 'With the pattern' : 'Why'}</span>
        </div>
      }
      row={(n) => {
        const line = lines[n];
        if (!line) return null;
        return (
          <div class="grid-row census-grid" role="row" key={n}>
            <span role="cell" class="cut mono">
              {line.event === null ? <i>without a name</i> : <Text text={line.event} max={120} />}
            </span>
            <span role="cell" class="num">
              {count(line.dropped)}
            </span>
            <span role="cell">
              <Ago at={line.lastAt} />
            </span>
            <span role="cell">
              {!isTried && <span class="faint">{line.cause}</span>}
              {isTried && line.isKept === undefined && <span class="faint">not known</span>}
              {isTried && line.isKept === true && <State tone="ok">kept</State>}
              {isTried && line.isKept === false && <State tone="idle">dropped</State>}
            </span>
          </div>
        );
      }}
    />
  );
}
