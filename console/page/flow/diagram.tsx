import type { ComponentChildren } from 'preact';
import type { Facts, Pulse } from '../../contract.ts';
import { bytes, compact, count, duration, rate } from '../parts/figures.ts';
import { rates } from '../state/live.ts';
import { useStore } from '../state/store.ts';
import { sumOf } from './verdict.ts';

/** The way of a delivery, with the figures of now on it. */
export function Diagram({ facts, pulse }: { facts: Facts; pulse: Pulse | undefined }) {
  const now = useStore(rates);
  const { streams, windowMs } = facts;
  const minutes = windowMs / 60_000;
  const sum = (figure: Parameters<typeof sumOf>[1]) => sumOf(streams, figure);
  const [received, accepted, filtered, rejected] = [
    sum((one) => one.received),
    sum((one) => one.accepted),
    sum((one) => one.filtered),
    sum((one) => one.rejected),
  ];
  const backlog = sum((one) => one.backlog);
  const oldest = Math.max(0, ...streams.map(({ oldestAgeS = 0 }) => oldestAgeS));
  const p95 = Math.max(0, ...streams.map(({ freshness }) => freshness?.p95 ?? 0));
  const letters = sum((one) => one.deadLetters);
  // A path that no stream answers is counted under an empty name.
  const configured = streams.filter(({ stream }) => stream !== '').length;
  const remainder = sum((one) => one.remainder);
  return (
    <section aria-label="The way of a delivery" class="diagram">
      <ol>
        <Station
          name="Senders"
          facts={[[count(configured), configured === 1 ? 'stream' : 'streams']]}
        />
        <Arrow figure={`${rate(received / minutes)}`} unit="/min" label="received" />
        <Station
          name="Edge"
          facts={[
            [compact(filtered), 'filtered', '/'],
            [compact(rejected), 'refused', '/refused', rejected > 0 ? 'warn' : undefined],
          ]}
        />
        <Arrow figure={rate(accepted / minutes)} unit="/min" label="accepted" />
        <Station
          name="Pub/Sub"
          facts={[
            [compact(backlog), 'waiting'],
            [
              oldest > 0 ? duration(oldest * 1000) : '–',
              'oldest',
              undefined,
              oldest > 60 ? 'warn' : undefined,
            ],
          ]}
        />
        <Arrow figure={rate(now.pulled)} unit="/s" label="pulled" isLive />
        <Station
          name="Subscriber"
          facts={[
            [count(pulse?.inFlight.messages ?? 0), 'in flight'],
            [bytes(pulse?.inFlight.bytes ?? 0), 'held'],
          ]}
          bar={pulse?.inFlight.fullness ?? 0}
        />
        <Arrow figure={rate(now.rows)} unit="/s" label="rows" isLive />
        <Station
          name="BigQuery"
          facts={[
            [compact(sum((one) => one.rows)), 'rows'],
            [p95 > 0 ? duration(p95) : '–', 'p95 delay'],
          ]}
        />
      </ol>
      <dl class="balance">
        <div>
          <dt>Dead letters</dt>
          <dd class={letters > 0 ? 'warn' : undefined}>
            <a href="/dead-letters">{count(letters)}</a>
          </dd>
        </div>
        <div title="Accepted − written, dead letters, duplicates, without a row, in flight">
          <dt>Remainder of the ledger</dt>
          <dd class={remainder > 0 ? 'bad' : 'ok'}>{count(remainder)}</dd>
        </div>
        <div>
          <dt>In overflow</dt>
          <dd>{count(sum((one) => one.overflow))}</dd>
        </div>
        <div>
          <dt>Duplicates</dt>
          <dd>{count(sum((one) => one.duplicates))}</dd>
        </div>
      </dl>
    </section>
  );
}

type StationFact = [
  figure: string,
  label: string,
  to?: string | undefined,
  tone?: 'warn' | 'bad' | undefined,
];

function Station({ name, facts, bar }: { name: string; facts: StationFact[]; bar?: number }) {
  return (
    <li class="station">
      <h3>{name}</h3>
      <dl>
        {facts.map(([figure, label, to, tone]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class={tone}>{to && to !== '/' ? <a href={to}>{figure}</a> : figure}</dd>
          </div>
        ))}
      </dl>
      {bar !== undefined && (
        <span class="fullness" title={`${Math.round(bar * 100)} % of the in-flight limit is used`}>
          <span style={{ width: `${Math.min(100, bar * 100)}%` }} />
        </span>
      )}
    </li>
  );
}

function Arrow({
  figure,
  unit,
  label,
  isLive,
}: {
  figure: ComponentChildren;
  unit: string;
  label: string;
  isLive?: boolean;
}) {
  return (
    <li class={isLive ? 'arrow live' : 'arrow'}>
      <span class="arrow-figure">
        {figure}
        <span class="unit">{unit}</span>
      </span>
      <span class="arrow-line" aria-hidden="true" />
      <span class="arrow-label">{label}</span>
    </li>
  );
}
