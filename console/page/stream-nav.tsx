import { useState } from 'preact/hooks';
import type { StreamInfo } from '../contract.ts';
import { rate } from './parts/figures.ts';
import { VirtualList } from './parts/virtual-list.tsx';
import { facts } from './state/live.ts';
import { useRoute } from './state/route.ts';
import { useStore } from './state/store.ts';
import { toneOf } from './stream-state.ts';

const rowHeight = 28;
/** Beyond this a field filters them. */
const manyStreams = 12;

/** The streams, with a mark where one needs somebody. A thousand of them stay usable. */
export function StreamNav({ streams }: { streams: readonly StreamInfo[] }) {
  const [text, set] = useState('');
  const { path } = useRoute();
  const now = useStore(facts);
  const byName = new Map(now?.streams.map((one) => [one.stream, one]));
  const shown = streams.filter(({ name, source }) =>
    `${name} ${source}`.includes(text.toLowerCase()),
  );
  const row = (n: number) => {
    const stream = shown[n];
    if (!stream) return null;
    const known = byName.get(stream.name);
    const to = `/streams/${stream.name}`;
    const { tone, word } = toneOf(known);
    return (
      <div key={stream.name} class="stream-link">
        <a
          href={to}
          aria-current={path === to ? 'page' : undefined}
          title={`${stream.name} · ${word}`}
        >
          <span class={`dot ${tone}`} aria-hidden="true" />
          <span class="stream-name">{stream.name}</span>
          <span class="stream-rate">
            {known?.deliveriesPerMinute ? `${rate(known.deliveriesPerMinute)}/min` : ''}
          </span>
          <span class="hidden">{word}</span>
        </a>
      </div>
    );
  };
  return (
    <nav class="streams" aria-label="Streams">
      <h2>Streams</h2>
      {streams.length > manyStreams && (
        <input
          type="search"
          aria-label="Find a stream"
          placeholder={`Find one of ${streams.length}`}
          value={text}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      {shown.length > 60 ? (
        <VirtualList
          count={shown.length}
          rowHeight={rowHeight}
          label="Streams"
          role="group"
          row={row}
          maxHeight="100%"
        />
      ) : (
        <div class="stream-links">{shown.map((_, n) => row(n))}</div>
      )}
      {shown.length === 0 && <p class="faint">No stream has this in its name.</p>}
    </nav>
  );
}
