import type { Delivery, StreamFacts, StreamInfo } from '../../contract.ts';
import { Chart } from '../parts/chart.tsx';
import { count, duration, plural } from '../parts/figures.ts';
import { Empty, State } from '../parts/states.tsx';
import { Text } from '../parts/text.tsx';
import { Ago, Time } from '../parts/time.tsx';
import type { Tone } from '../parts/tone.ts';
import { VirtualList } from '../parts/virtual-list.tsx';
import { deliveries, facts, pulse } from '../state/live.ts';
import { useStore } from '../state/store.ts';

const rowHeight = 32;

/** What this subscriber has settled since the page was opened, as it comes. */
export function DeliveryTab({
  stream,
  known,
}: {
  stream: StreamInfo;
  known: StreamFacts | undefined;
}) {
  const all = useStore(deliveries);
  const own = all.filter((one) => one.stream === stream.name);
  return (
    <>
      <Minutes known={known} />
      <div class="columns">
        <section class="panel flush" aria-labelledby="live-title">
          <header>
            <h2 id="live-title">Deliveries as they come</h2>
            <span class="faint">of this subscriber, since this page was opened</span>
          </header>
          {own.length === 0 ? (
            <Empty title="None yet.">
              Each delivery appears here within a second of its row.{' '}
              <a href={`/streams/${stream.name}?tab=send`}>Send a sample</a>
            </Empty>
          ) : (
            <DeliveryList deliveries={own} />
          )}
        </section>
        <div>
          <Secrets stream={stream} deliveries={own} />
          <Batches />
        </div>
      </div>
    </>
  );
}

function Minutes({ known }: { known: StreamFacts | undefined }) {
  const now = useStore(facts);
  if (!known || known.perMinute.length < 2 || !now) return null;
  const last = Math.floor(now.at / 60_000);
  const times = known.perMinute.map((_, n) => (last - known.perMinute.length + 1 + n) * 60_000);
  return (
    <section class="panel" aria-labelledby="rate-title">
      <header>
        <h2 id="rate-title">Deliveries by minute, the last hour</h2>
      </header>
      <Chart
        times={times}
        series={[{ label: 'deliveries', color: '--accent', values: known.perMinute }]}
        height={120}
        label={`Deliveries by minute: ${count(known.perMinute.reduce((sum, n) => sum + n, 0))} in the last hour`}
      />
    </section>
  );
}

const kinds: Record<Delivery['kind'], Tone> = {
  written: 'ok',
  'written in part': 'warn',
  'dead letter': 'bad',
};

function DeliveryList({ deliveries: own }: { deliveries: readonly Delivery[] }) {
  return (
    <VirtualList
      count={own.length}
      rowHeight={rowHeight}
      label="Deliveries"
      maxHeight={`${Math.min(own.length, 12) * rowHeight + 34}px`}
      head={
        <div class="grid-row head delivery-grid" role="row">
          {['Settled', 'Event', 'Result', 'After', 'Delivery'].map((text) => (
            <span key={text} role="columnheader" class={text === 'After' ? 'num' : undefined}>
              {text}
            </span>
          ))}
        </div>
      }
      row={(n) => {
        const one = own[n];
        if (!one) return null;
        return (
          <div class="grid-row delivery-grid" role="row" key={one.n}>
            <span role="cell">
              <Time at={one.at} />
            </span>
            <span role="cell" class="cut">
              <Text text={one.event} max={80} />
            </span>
            <span role="cell">
              <State tone={kinds[one.kind]}>{one.replay ? `${one.kind} (replay)` : one.kind}</State>
            </span>
            <span role="cell" class="num">
              {one.receivedAt ? duration(Math.max(0, one.at - one.receivedAt)) : '–'}
            </span>
            <span role="cell" class="mono cut">
              <Text text={one.deliveryId} max={36} />
            </span>
          </div>
        );
      }}
    />
  );
}

/** Which of the secrets senders still use: a rotated one may go when nothing matches it any more. */
function Secrets({
  stream,
  deliveries: own,
}: {
  stream: StreamInfo;
  deliveries: readonly Delivery[];
}) {
  return (
    <section class="panel" aria-labelledby="secrets-title">
      <header>
        <h2 id="secrets-title">
          {stream.secrets.length === 1 ? 'Secret' : 'Secrets, the newest first'}
        </h2>
      </header>
      <ul class="plain">
        {stream.secrets.map((name) => {
          // The edge names it only where there are several.
          const last = own.find(
            ({ secret = stream.secrets[0], replay }) => secret === name && !replay,
          );
          return (
            <li key={name}>
              <code>{name}</code>{' '}
              <span class="faint">
                {last ? (
                  <>
                    matched <Ago at={last.receivedAt ?? last.at} />
                  </>
                ) : (
                  'no match seen here yet'
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const shownBatches = 60;

/** How many rows share a request: small batches are fresh, large ones are cheap. */
function Batches() {
  const sizes = useStore(pulse)?.batches ?? [];
  const rows = sizes.reduce((sum, n) => sum + n, 0);
  return (
    <section class="panel" aria-labelledby="batches-title">
      <header>
        <h2 id="batches-title">Batches</h2>
        <span class="faint">of all streams</span>
      </header>
      {sizes.length === 0 ? (
        <p class="faint">No append request since this page was opened.</p>
      ) : (
        <>
          <p>
            {plural(Math.round((rows / sizes.length) * 10) / 10, 'row')} a request on average,{' '}
            {count(Math.max(...sizes))} at most, in the last {count(sizes.length)}.
          </p>
          <Bars values={sizes.slice(-shownBatches)} />
        </>
      )}
    </section>
  );
}

function Bars({ values }: { values: readonly number[] }) {
  const max = Math.max(...values, 1);
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${shownBatches * 5} 40`}
      height="40"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {values.map((value, n) => {
        const height = Math.max(1, (value / max) * 40);
        return <rect key={`${n}`} x={n * 5} y={40 - height} width="4" height={height} />;
      })}
    </svg>
  );
}
