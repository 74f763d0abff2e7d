import { useEffect } from 'preact/hooks';
import type { StreamFacts, StreamInfo } from '../../contract.ts';
import { Copy, Tabs } from '../parts/controls.tsx';
import { count, duration, rate } from '../parts/figures.ts';
import { Empty, State } from '../parts/states.tsx';
import { AgoMinute } from '../parts/time.tsx';
import { facts, pulse } from '../state/live.ts';
import { setQuery, useRoute } from '../state/route.ts';
import { useStore } from '../state/store.ts';
import { useInfo } from '../state/use-info.ts';
import { toneOf } from '../stream-state.ts';
import { DeliveryTab } from './delivery-tab.tsx';
import { FilterTab } from './filter-tab.tsx';
import { RowsTab } from './rows-tab.tsx';
import { SendTab } from './send-tab.tsx';

/** One stream: what arrives, what became of it, and how to send it something. */
export function StreamPage({ name }: { name: string }) {
  const { streams } = useInfo();
  const { query } = useRoute();
  const now = useStore(facts);
  const live = useStore(pulse);
  const stream = streams.find((one) => one.name === name);
  useEffect(() => {
    document.title = `${name} · Tributary`;
  }, [name]);
  if (!stream) {
    return (
      <>
        <h1 tabIndex={-1}>{name}</h1>
        <Empty title="The config has no such stream.">
          <a href="/">All streams</a>
        </Empty>
      </>
    );
  }
  const known = now?.streams.find((one) => one.stream === name);
  const isRefused = live?.tables.some((table) => table.stream === name && table.isRefused) ?? false;
  const state = toneOf(known, isRefused);
  const tab = query.get('tab') ?? 'deliveries';
  return (
    <>
      <header class="page-head stream-head">
        <div>
          <h1 tabIndex={-1}>{name}</h1>
          <State tone={state.tone}>{state.word}</State>
        </div>
        <dl class="pairs inline">
          <div>
            <dt>URL</dt>
            <dd class="mono">
              {stream.url} <Copy text={stream.url} />
            </dd>
          </div>
          <div>
            <dt>Table</dt>
            <dd class="mono">{stream.table}</dd>
          </div>
          <div>
            <dt>Source</dt>
            <dd>
              {stream.source}, scheme {stream.scheme}
            </dd>
          </div>
        </dl>
      </header>
      <Figures known={known} windowMs={now?.windowMs ?? 900_000} />
      <Tabs
        tabs={[
          ['deliveries', 'Deliveries'],
          ['rows', 'Rows'],
          ['filter', 'Filter'],
          ['send', 'Send a sample'],
        ]}
        current={tab}
        onChange={(next) =>
          setQuery({ tab: next === 'deliveries' ? undefined : next }, { replace: false })
        }
      />
      <div role="tabpanel" id="tabpanel" aria-labelledby={`tab-${tab}`}>
        <Tab tab={tab} stream={stream} known={known} />
      </div>
    </>
  );
}

function Tab({
  tab,
  stream,
  known,
}: {
  tab: string;
  stream: StreamInfo;
  known: StreamFacts | undefined;
}) {
  switch (tab) {
    case 'rows':
      return <RowsTab stream={stream} />;
    case 'filter':
      return <FilterTab stream={stream} />;
    case 'send':
      return <SendTab stream={stream} />;
    default:
      return <DeliveryTab stream={stream} known={known} />;
  }
}

function Figures({ known, windowMs }: { known: StreamFacts | undefined; windowMs: number }) {
  const figure = (n: number | undefined) => (n === undefined ? '–' : count(n));
  const { freshness } = known ?? {};
  const all: readonly (readonly [label: string, figure: string, tone?: string | undefined])[] = [
    ['per minute', known ? rate(known.deliveriesPerMinute) : '–'],
    ['received', figure(known?.received)],
    ['accepted', figure(known?.accepted)],
    ['filtered', figure(known?.filtered)],
    ['refused', figure(known?.rejected), known && known.rejected > 0 ? 'warn' : undefined],
    ['rows', figure(known?.rows)],
    [
      'dead letters',
      figure(known?.deadLetters),
      known && known.deadLetters > 0 ? 'warn' : undefined,
    ],
    ['missing', figure(known?.remainder), known && known.remainder > 0 ? 'bad' : undefined],
  ];
  return (
    <section aria-label={`Figures of the last ${duration(windowMs)}`}>
      <dl class="figures">
        {all.map(([label, text, tone]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class={tone}>{text}</dd>
          </div>
        ))}
        <div
          class="wide"
          title="From the edge until the row can be queried: half, 95 % and 99 % of the deliveries"
        >
          <dt>freshness p50 · p95 · p99</dt>
          <dd>
            {freshness
              ? [freshness.p50, freshness.p95, freshness.p99].map(duration).join(' · ')
              : '–'}
          </dd>
        </div>
        <div>
          <dt>last delivery</dt>
          <dd>
            <AgoMinute at={known?.lastDeliveryAt} />
          </dd>
        </div>
      </dl>
    </section>
  );
}
