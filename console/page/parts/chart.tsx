import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

/** From the bottom up: they are stacked. */
export interface Series {
  label: string;
  /** A custom property of the theme: `--ok`. */
  color: string;
  values: readonly number[];
}

/** Figures over time, drawn by uPlot as bars in the colours of the theme. A table for screen readers stands beside it. */
export function Chart({
  times,
  series,
  height = 150,
  label,
}: {
  times: readonly number[];
  series: readonly Series[];
  height?: number;
  label: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = series.map(({ label }) => label).join();
  const data = stacked(times, series);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, series, height), latest.current, element);
    };
    draw();
    const resize = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height }),
    );
    resize.observe(element);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    theme.addEventListener('change', draw);
    return () => {
      theme.removeEventListener('change', draw);
      resize.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, height]);
  useEffect(() => plot.current?.setData(data));
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}

function optionsOf(element: HTMLElement, series: readonly Series[], height: number): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const axis = {
    stroke: color('--muted'),
    font,
    ticks: { show: false },
    grid: { stroke: color('--line'), width: 1 },
  };
  const bars = uPlot.paths.bars?.({ size: [0.72, 14, 1], align: 1 });
  return {
    width: element.clientWidth,
    height,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      // The last bar stands to the right of its minute.
      x: { range: (_, min, max) => [min, max + 60] },
      y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, values: '{HH}:{mm}', size: 24 },
      {
        ...axis,
        size: 44,
        values: (_, ticks) =>
          ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString('en-GB') : '')),
      },
    ],
    series: [
      {},
      ...series.toReversed().map(({ label, color: name }) => ({
        label,
        fill: color(name),
        width: 0,
        ...(bars && { paths: bars }),
        points: { show: false },
      })),
    ],
  };
}

/** The tallest is drawn first, and the others before it. */
function stacked(times: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  const sums = times.map(() => 0);
  const stacks = series.map(({ values }) =>
    values.map((value, n) => {
      sums[n] = (sums[n] ?? 0) + value;
      return sums[n] || null;
    }),
  );
  return [times.map((ms) => ms / 1000), ...stacks.toReversed()] as uPlot.AlignedData;
}

/** What the colours mean, with the figure of now. */
export function Legend({
  series,
}: {
  series: readonly (Pick<Series, 'label' | 'color'> & { figure?: string })[];
}) {
  return (
    <ul class="legend">
      {series.map(({ label, color, figure }) => (
        <li key={label}>
          <span class="swatch" style={{ background: `var(${color})` }} aria-hidden="true" />
          {label}
          {figure !== undefined && <b>{figure}</b>}
        </li>
      ))}
    </ul>
  );
}
