import { useEffect } from 'preact/hooks';
import type { Facts, MinuteFacts } from '../../contract.ts';
import { Chart, Legend, type Series } from '../parts/chart.tsx';
import { count } from '../parts/figures.ts';
import { Empty, Loading, State } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { facts, pulse } from '../state/live.ts';
import { useStore } from '../state/store.ts';
import { Diagram } from './diagram.tsx';
import { StreamTable } from './stream-table.tsx';
import { needsOf, verdictOf } from './verdict.ts';

/** Is everything arriving, how late is it, and what needs me? */
export function FlowPage() {
  const now = useStore(facts);
  const live = useStore(pulse);
  const verdict = now && verdictOf(now, live);
  useEffect(() => {
    document.title = verdict ? `${verdict.title.replace(/\.$/, '')} · Tributary` : 'Tributary';
  }, [verdict?.title]);
  if (!now || !verdict) {
    return (
      <>
        <h1 tabIndex={-1}>Flow</h1>
        <Loading lines={9} label="Reading the ledger" />
      </>
    );
  }
  const needs = needsOf(now, live);
  return (
    <div class="flow">
      <header class={`verdict ${verdict.tone}`}>
        <h1 tabIndex={-1} aria-live="polite">
          {verdict.title}
        </h1>
        <p>{verdict.text}</p>
        {now.problem && <p class="problem">{now.problem.detail}</p>}
      </header>
      <section class="needs" aria-labelledby="needs-title">
        <h2 id="needs-title">Needs you</h2>
        {needs.length === 0 ? (
          <p class="calm">
            <State tone="ok">Nothing</State>
          </p>
        ) : (
          <ul>
            {needs.slice(0, 12).map(({ tone, text, detail, to, action }) => (
              <li key={text}>
                <State tone={tone}>
                  <a href={to}>{text}</a>
                </State>
                {detail && <span class="need-detail">{detail}</span>}
                <a class="button" href={to} aria-label={`${action}: ${text}`}>
                  {action}
                </a>
              </li>
            ))}
            {needs.length > 12 && (
              <li class="faint">and {needs.length - 12} more, in the table below</li>
            )}
          </ul>
        )}
      </section>
      <Diagram facts={now} pulse={live} />
      <Minutes facts={now} />
      <StreamTable streams={now.streams} pulse={live} />
      <p class="foot faint">
        The tables were read <Ago at={now.at} />. Figures on the two right arrows are of this
        subscriber, each second.
      </p>
    </div>
  );
}

const lines: readonly (readonly [
  label: string,
  color: string,
  figure: (minute: MinuteFacts) => number,
])[] = [
  ['written', '--accent', ({ written }) => written],
  ['filtered', '--muted', ({ filtered }) => filtered],
  ['refused', '--warn', ({ rejected }) => rejected],
  ['dead letters', '--bad', ({ deadLetters }) => deadLetters],
];

function Minutes({ facts: { minutes } }: { facts: Facts }) {
  const series: (Series & { figure: string })[] = lines.map(([label, color, figure]) => {
    const values = minutes.map(figure);
    const sum = values.reduce((all, value) => all + value, 0);
    return { label, color, values, figure: count(sum) };
  });
  return (
    <section class="panel" aria-labelledby="minutes-title">
      <header>
        <h2 id="minutes-title">Deliveries by minute, the last hour</h2>
        <Legend series={series} />
      </header>
      {minutes.length > 0 ? (
        <Chart
          times={minutes.map(({ minute }) => minute * 60_000)}
          series={series}
          label={`Deliveries by minute: ${series.map(({ label, figure }) => `${figure} ${label}`).join(', ')}`}
        />
      ) : (
        <Empty title="No delivery in the last hour." />
      )}
    </section>
  );
}
