import type { Pulse, StreamFacts } from '../../contract.ts';
import { compact, duration, rate } from '../parts/figures.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { Empty, State } from '../parts/states.tsx';
import { AgoMinute } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { toneOf } from '../stream-state.ts';

const rowHeight = 36;
/** More scroll within their box. */
const maxRows = 40;

/** All streams, those that need somebody first. */
export function StreamTable({
  streams,
  pulse,
}: {
  streams: readonly StreamFacts[];
  pulse: Pulse | undefined;
}) {
  const refused = new Set(
    pulse?.tables.flatMap(({ stream, isRefused }) => (isRefused ? stream : [])),
  );
  const rank = { bad: 0, warn: 1, busy: 2, ok: 3, idle: 4 };
  const sorted = streams
    .map((one) => ({ one, state: toneOf(one, refused.has(one.stream)) }))
    .toSorted((a, b) => rank[a.state.tone] - rank[b.state.tone] || b.one.received - a.one.received);
  if (sorted.length === 0) {
    return <Empty title="The config has no stream.">Add one to tributary.config.ts.</Empty>;
  }
  return (
    <section class="panel flush" aria-labelledby="streams-title">
      <header>
        <h2 id="streams-title">Streams</h2>
      </header>
      <VirtualList
        count={sorted.length}
        rowHeight={rowHeight}
        label="Streams and their figures"
        maxHeight={`${Math.min(sorted.length, maxRows) * rowHeight + 34}px`}
        head={
          <div class="grid-row head stream-grid" role="row">
            {[
              'Stream',
              'State',
              'Last hour',
              '/min',
              'Accepted',
              'Rows',
              'p95',
              'Dead',
              'Missing',
              'Last',
            ].map((text, n) => (
              <span key={text} role="columnheader" class={n > 2 ? 'num' : undefined}>
                {text}
              </span>
            ))}
          </div>
        }
        row={(n) => {
          const found = sorted[n];
          if (!found) return null;
          const { one, state } = found;
          return (
            <div class="grid-row stream-grid" role="row" key={one.stream}>
              <span role="cell">
                <a href={one.stream ? `/streams/${one.stream}` : '/refused'}>
                  {one.stream || '(no such path)'}
                </a>
              </span>
              <span role="cell">
                <State tone={state.tone}>{state.word}</State>
              </span>
              <span role="cell">
                <Sparkline values={one.perMinute} />
              </span>
              <span role="cell" class="num">
                {rate(one.deliveriesPerMinute)}
              </span>
              <span role="cell" class="num">
                {compact(one.accepted)}
              </span>
              <span role="cell" class="num">
                {compact(one.rows)}
              </span>
              <span role="cell" class="num">
                {one.freshness ? duration(one.freshness.p95) : '–'}
              </span>
              <span role="cell" class={one.deadLetters > 0 ? 'num warn' : 'num'}>
                {one.deadLetters > 0 ? (
                  <a href={`/dead-letters?stream=${encodeURIComponent(one.stream)}`}>
                    {compact(one.deadLetters)}
                  </a>
                ) : (
                  '0'
                )}
              </span>
              <span role="cell" class={one.remainder > 0 ? 'num bad' : 'num'}>
                {compact(one.remainder)}
              </span>
              <span role="cell" class="num">
                <AgoMinute at={one.lastDeliveryAt} />
              </span>
            </div>
          );
        }}
      />
    </section>
  );
}
