import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Rows } from '../../contract.ts';
import type { ApiError } from '../state/api.ts';
import { api } from '../state/api.ts';
import { BodyView } from './body-view.tsx';
import { Copy, Dialog } from './controls.tsx';
import { count } from './figures.ts';
import { Failed, Loading } from './states.tsx';
import { safeText } from './text.tsx';
import { localTimestamp } from './time.tsx';
import { useScrollView } from './use-scroll-view.ts';

const rowHeight = 28;
const spareRows = 10;
const spareColumns = 2;
const characterWidth = 7.3;

interface Opened {
  row: number;
  column: number;
}

/** A result with any number of rows and columns: only what can be seen is there. */
export function ResultTable({
  rows: { fields, rows, cut },
  label,
  cellPath,
  onEnd,
}: {
  rows: Rows;
  label: string;
  /** Where the whole text of a cell is. */
  cellPath?: ((row: number, column: number) => string) | undefined;
  /** Called when the last row comes into sight. */
  onEnd?: (() => void) | undefined;
}) {
  const box = useRef<HTMLDivElement>(null);
  const view = useScrollView(box, { top: 0, left: 0, height: 400, width: 800 });
  const [opened, open] = useState<Opened>();
  const widths = useMemo(
    () => fields.map((_, column) => widthOf(fields[column]?.name ?? '', rows, column)),
    [fields, rows],
  );
  const lefts = useMemo(() => sumsOf(widths), [widths]);
  const [firstRow, lastRow] = [
    Math.max(0, Math.floor(view.top / rowHeight) - spareRows),
    Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + spareRows),
  ];
  useEffect(() => {
    if (rows.length > 0 && lastRow === rows.length) onEnd?.();
  }, [lastRow, rows.length]);
  const from = Math.max(
    0,
    lefts.findIndex((left, n) => left + (widths[n] ?? 0) >= view.left) - spareColumns,
  );
  const beyond = lefts.findIndex((left) => left > view.left + view.width);
  const to = beyond < 0 ? fields.length : Math.min(fields.length, beyond + spareColumns);
  const columns = fields.slice(from, to).map((field, n) => ({
    field,
    column: from + n,
    left: lefts[from + n] ?? 0,
    width: widths[from + n] ?? 0,
  }));
  const isCut = new Set(cut.map(([row, column]) => `${row}/${column}`));
  const place = (left: number, width: number) => ({ left: `${left}px`, width: `${width}px` });
  return (
    <>
      <div
        class="result"
        ref={box}
        role="table"
        aria-label={label}
        aria-rowcount={rows.length}
        aria-colcount={fields.length}
        tabIndex={0}
      >
        <div class="result-head" role="row" style={{ width: `${lefts.at(-1) ?? 0}px` }}>
          {columns.map(({ field, column, left, width }) => (
            <span
              key={column}
              role="columnheader"
              aria-colindex={column + 1}
              style={place(left, width)}
              title={`${field.name} ${field.type}`}
            >
              <bdi>{safeText(field.name)}</bdi> <small>{field.type.toLowerCase()}</small>
            </span>
          ))}
        </div>
        <div
          class="result-space"
          role="rowgroup"
          style={{ height: `${rows.length * rowHeight}px`, width: `${lefts.at(-1) ?? 0}px` }}
        >
          {rows.slice(firstRow, lastRow).map((cells, n) => {
            const row = firstRow + n;
            return (
              <div
                class="result-row"
                role="row"
                key={row}
                aria-rowindex={row + 1}
                style={{ top: `${row * rowHeight}px` }}
              >
                {columns.map(({ field, column, left, width }) => (
                  <Cell
                    key={column}
                    text={cells[column] ?? null}
                    type={field.type}
                    style={place(left, width)}
                    isCut={isCut.has(`${row}/${column}`)}
                    onOpen={() => open({ row, column })}
                  />
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {opened && (
        <CellDialog
          title={fields[opened.column]?.name ?? ''}
          type={fields[opened.column]?.type ?? ''}
          text={rows[opened.row]?.[opened.column] ?? null}
          path={
            isCut.has(`${opened.row}/${opened.column}`)
              ? cellPath?.(opened.row, opened.column)
              : undefined
          }
          onClose={() => open(undefined)}
        />
      )}
    </>
  );
}

const numeric = new Set(['INTEGER', 'INT64', 'FLOAT', 'FLOAT64', 'NUMERIC', 'BIGNUMERIC']);
const inCell = 160;

function Cell({
  text,
  type,
  style,
  isCut,
  onOpen,
}: {
  text: string | null;
  type: string;
  style: Record<string, string>;
  isCut: boolean;
  onOpen: () => void;
}) {
  if (text === null) {
    return (
      <span role="cell" class="null" style={style}>
        NULL
      </span>
    );
  }
  const shown = type === 'TIMESTAMP' ? localTimestamp(text) : text;
  const isLong =
    isCut || shown.length * characterWidth > Number.parseInt(style['width'] ?? '0', 10) - 16;
  return (
    <span
      role="cell"
      class={numeric.has(type) ? 'num' : undefined}
      style={style}
      title={type === 'TIMESTAMP' ? `${text.replace('T', ' ').replace('Z', '')} UTC` : undefined}
    >
      {isLong ? (
        <button
          type="button"
          class="cell-button"
          onClick={onOpen}
          aria-label={`Show all of ${safeText(shown.slice(0, 40))}`}
        >
          <bdi>{safeText(shown.slice(0, inCell).toWellFormed())}</bdi>
        </button>
      ) : (
        <bdi>{safeText(shown)}</bdi>
      )}
    </span>
  );
}

function CellDialog({
  title,
  type,
  text,
  path,
  onClose,
}: {
  title: string;
  type: string;
  text: string | null;
  path: string | undefined;
  onClose: () => void;
}) {
  const [whole, setWhole] = useState(path ? undefined : (text ?? ''));
  const [problem, setProblem] = useState<ApiError>();
  useEffect(() => {
    if (!path) return;
    api<{ text: string | null }>(path).then(({ text }) => setWhole(text ?? ''), setProblem);
  }, [path]);
  return (
    <Dialog title={safeText(title)} onClose={onClose}>
      {problem && <Failed problem={problem} />}
      {whole === undefined && !problem && <Loading lines={4} />}
      {whole !== undefined && (
        <>
          <BodyView body={whole} kind={isJson(whole, type) ? 'json' : 'text'} label={title} />
          <p class="dialog-foot">
            <span class="faint">{count(whole.length)} characters</span>
            <Copy text={whole} />
            <button type="button" onClick={onClose}>
              Close
            </button>
          </p>
        </>
      )}
    </Dialog>
  );
}

function isJson(text: string, type: string): boolean {
  if (type !== 'JSON' && !/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where each column begins, and the end of the last. */
function sumsOf(widths: readonly number[]): number[] {
  const sums = [0];
  for (const width of widths) sums.push((sums.at(-1) ?? 0) + width);
  return sums;
}

/** By the name and the first rows: wide enough for most, and never wider than a hand. */
function widthOf(name: string, rows: Rows['rows'], column: number): number {
  const longest = rows
    .slice(0, 50)
    .reduce((max, row) => Math.max(max, row[column]?.length ?? 4), name.length + 8);
  return Math.round(Math.min(320, Math.max(72, longest * characterWidth + 20)));
}
