import { useMemo, useState } from 'preact/hooks';
import { isMarked, type JsonLine, jsonLines, type Step } from './json-lines.ts';
import { safeText } from './text.tsx';
import { VirtualList } from './virtual-list.tsx';

const rowHeight = 20;
const maxShown = 400;

/** A body, line by line, with the place of a column marked. Bodies of megabytes stay usable. */
export function BodyView({
  body,
  kind,
  marks = [],
  label = 'Body',
}: {
  body: string;
  kind: 'json' | 'text' | 'binary';
  marks?: readonly (readonly (Step | null)[])[];
  label?: string;
}) {
  const json = useMemo(() => (kind === 'json' ? jsonLines(body) : undefined), [body, kind]);
  const text = useMemo(() => (json ? [] : body.split(/\r\n|\n/)), [body, json]);
  const lines = json?.length ?? text.length;
  return (
    <div class={`body-view ${kind}`}>
      <VirtualList
        count={lines}
        rowHeight={rowHeight}
        label={label}
        role="region"
        maxHeight={`${Math.min(lines * rowHeight + 16, 460)}px`}
        row={(n) => (
          <div class="code-line" key={n}>
            <span class="line-number" aria-hidden="true">
              {n + 1}
            </span>
            {json ? <JsonRow line={json[n]} marks={marks} /> : <LongText text={text[n] ?? ''} />}
          </div>
        )}
      />
    </div>
  );
}

function JsonRow({
  line,
  marks,
}: {
  line: JsonLine | undefined;
  marks: readonly (readonly (Step | null)[])[];
}) {
  if (!line) return null;
  const { depth, name, value, kind, hasComma, path } = line;
  const isHit = marks.length > 0 && isMarked(path, marks) && !/^[}\]]/.test(value);
  return (
    <span class={isHit ? 'hit' : undefined} style={{ paddingLeft: `${depth * 16}px` }}>
      {name !== undefined && (
        <>
          <bdi class="json-name">{safeText(name)}</bdi>
          {': '}
        </>
      )}
      <span class={`json-${kind}`}>
        <LongText text={value} />
      </span>
      {hasComma && ','}
      {isHit && <span class="hit-note"> ← the column</span>}
    </span>
  );
}

/** A long value is cut, with a button that shows all of it. */
export function LongText({ text, max = maxShown }: { text: string; max?: number }) {
  const [isWhole, set] = useState(false);
  if (text.length <= max) return <bdi>{safeText(text)}</bdi>;
  if (isWhole) {
    return (
      <textarea
        class="whole-text"
        readOnly
        rows={8}
        aria-label="The whole value"
        value={safeText(text)}
      />
    );
  }
  return (
    <>
      <bdi>{safeText(text.slice(0, max).toWellFormed())}…</bdi>{' '}
      <button type="button" class="link" onClick={() => set(true)}>
        show all {text.length.toLocaleString('en-GB')} characters
      </button>
    </>
  );
}
