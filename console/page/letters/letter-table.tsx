import type { Letter } from '../../contract.ts';
import { bytes } from '../parts/figures.ts';
import { State } from '../parts/states.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { navigate } from '../state/route.ts';

const rowHeight = 34;

export interface LetterTableProps {
  letters: readonly Letter[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
  mayChoose: boolean;
}

export function LetterTable({ letters, chosen, onChoose, mayChoose }: LetterTableProps) {
  const isAll = letters.length > 0 && letters.every(({ messageId }) => chosen.has(messageId));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <section class="panel flush">
      <VirtualList
        count={letters.length}
        rowHeight={rowHeight}
        label="Dead letters"
        maxHeight={`min(68vh, ${letters.length * rowHeight + 36}px)`}
        head={
          <div class="grid-row head letter-grid" role="row">
            <span role="columnheader">
              {mayChoose && (
                <input
                  type="checkbox"
                  aria-label="Choose all"
                  checked={isAll}
                  onChange={() =>
                    onChoose(isAll ? new Set() : new Set(letters.map(({ messageId }) => messageId)))
                  }
                />
              )}
            </span>
            {['Stored', 'Stream', 'Reason', 'Column', 'State'].map((text) => (
              <span key={text} role="columnheader">
                {text}
              </span>
            ))}
            <span role="columnheader" class="num">
              Size
            </span>
          </div>
        }
        row={(n) => {
          const letter = letters[n];
          if (!letter) return null;
          const to = `/dead-letters/${encodeURIComponent(letter.messageId)}`;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the link in the row does the same by keyboard
            <div
              class="grid-row letter-grid clickable"
              role="row"
              key={letter.messageId}
              aria-rowindex={n + 1}
              onClick={(event) => {
                if (!(event.target as Element).closest('a, input, label')) navigate(to);
              }}
            >
              <span role="cell">
                {mayChoose && (
                  <input
                    type="checkbox"
                    aria-label={`Choose ${letter.messageId}`}
                    checked={chosen.has(letter.messageId)}
                    onChange={() => toggle(letter.messageId)}
                  />
                )}
              </span>
              <span role="cell">
                <Ago at={letter.storedAt} />
              </span>
              <span role="cell" class="cut">
                <Text text={letter.stream} max={40} />
              </span>
              <span role="cell" class="cut">
                <a href={to}>
                  <Text text={letter.reason} max={220} />
                </a>
              </span>
              <span role="cell" class="cut mono">
                <Text text={letter.column} max={40} />
              </span>
              <span role="cell">
                <LetterState letter={letter} />
              </span>
              <span role="cell" class="num">
                {bytes(letter.bytes)}
              </span>
            </div>
          );
        }}
      />
    </section>
  );
}

export function LetterState({ letter }: { letter: Letter }) {
  const { lastResult, writtenInPart, replays } = letter;
  if (lastResult === 'written') return <State tone="ok">replayed</State>;
  if (lastResult) return <State tone="warn">{`replayed ${replays}×: ${lastResult}`}</State>;
  return writtenInPart ? <State tone="warn">row in part</State> : <State tone="bad">no row</State>;
}
