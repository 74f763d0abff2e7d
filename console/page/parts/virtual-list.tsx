import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { useScrollView } from './use-scroll-view.ts';

/** Rows beyond the visible ones, so that a fast scroll shows no gap. */
const spare = 8;

export interface VirtualListProps {
  count: number;
  rowHeight: number;
  /** What a screen reader calls it. */
  label: string;
  row: (index: number) => ComponentChildren;
  head?: ComponentChildren;
  /** At most this high; then it scrolls within itself. */
  maxHeight?: number | string;
  role?: 'table' | 'group' | 'region';
}

/** Only the rows that can be seen are there, however many there are. */
export function VirtualList({
  count,
  rowHeight,
  label,
  row,
  head,
  maxHeight = '70vh',
  role = 'table',
}: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useScrollView(box, { top: 0, left: 0, height: 600, width: 800 });
  const first = Math.max(0, Math.floor(view.top / rowHeight) - spare);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + spare);
  return (
    <div
      class="virtual"
      ref={box}
      style={{ maxHeight }}
      role={role}
      aria-label={label}
      aria-rowcount={role === 'table' ? count : undefined}
      tabIndex={0}
    >
      {head}
      <div
        class="virtual-space"
        role={role === 'table' ? 'rowgroup' : undefined}
        style={{ height: `${count * rowHeight}px` }}
      >
        <div
          role={role === 'table' ? 'presentation' : undefined}
          style={{ transform: `translateY(${first * rowHeight}px)` }}
        >
          {Array.from({ length: Math.max(0, last - first) }, (_, n) => row(first + n))}
        </div>
      </div>
    </div>
  );
}
