import { scaleLinear, scaleLog } from 'd3-scale';

/** One chart. Each series has a value for each label, where there is one. */
export interface Chart {
  title: string;
  /** Of the values. */
  unit: string;
  /** What the labels are. */
  across: string;
  labels: readonly string[];
  series: readonly Series[];
  isLogarithmic?: boolean;
}

interface Series {
  name: string;
  values: readonly (number | undefined)[];
}

const width = 720;
const height = 380;
const margin = { top: 76, right: 24, bottom: 56, left: 64 };
export const plot = {
  left: margin.left,
  right: width - margin.right,
  top: margin.top,
  bottom: height - margin.bottom,
};

/** Colours that are told apart with every kind of colour vision, on white and on black (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73'];
const darkColours = ['#56b4e9', '#e69f00', '#2fc79a'];

const wantedTicks = 5;

/** Where a value stands, from the bottom. */
export function valueScale({ series, isLogarithmic = false }: Chart) {
  const values = series.flatMap((one) => one.values).filter((value) => isShown(value));
  const greatest = Math.max(1, ...values);
  const range = [plot.bottom, plot.top];
  return isLogarithmic
    ? scaleLog([Math.max(1, Math.min(...values)), greatest], range).nice()
    : scaleLinear([0, greatest], range).nice(wantedTicks);
}

export function isShown(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

/** The middle of the space of each label. */
export function placeOf(index: number, { labels }: Chart): number {
  return plot.left + ((index + 0.5) * (plot.right - plot.left)) / labels.length;
}

/** The whole SVG around what a kind of chart draws. */
export function drawFrame(chart: Chart, marks: readonly string[]): string {
  const { title, across, labels, series, unit } = chart;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    style(),
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    text(plot.left, 28, title, 'class="title"'),
    ...legend(series),
    ...axis(chart),
    ...labels.map((label, index) =>
      text(placeOf(index, chart), plot.bottom + 20, label, 'text-anchor="middle"'),
    ),
    text((plot.left + plot.right) / 2, height - 14, across, 'class="quiet" text-anchor="middle"'),
    text(plot.left - 8, plot.top - 14, unit, 'class="quiet" text-anchor="end"'),
    ...marks,
    '</svg>',
  ].join('\n')}\n`;
}

function axis(chart: Chart): string[] {
  const scale = valueScale(chart);
  const ticks = scale.ticks(wantedTicks);
  // A logarithmic scale has as many as it likes.
  const shown = ticks.filter((tick) => !chart.isLogarithmic || /^[125]0*$/.test(String(tick)));
  return shown.flatMap((tick) => {
    const y = scale(tick);
    return [
      `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${round(y)}" y2="${round(y)}"/>`,
      text(plot.left - 8, y + 4, valueText(tick), 'class="quiet" text-anchor="end"'),
    ];
  });
}

function legend(series: readonly Series[]): string[] {
  let x = plot.left;
  return series.flatMap(({ name }, index) => {
    const at = x;
    x += 34 + name.length * 7.4;
    return [
      `<rect class="fill${index}" x="${round(at)}" y="42" width="12" height="12" rx="2"/>`,
      text(at + 18, 53, name),
    ];
  });
}

export function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

export function valueText(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function style(): string {
  const rules = (list: readonly string[]) =>
    list.map((colour, n) => `.line${n}{stroke:${colour}}.fill${n}{fill:${colour}}`).join('');
  return [
    '<style>',
    'text{fill:#1f2328}.title{font-size:16px;font-weight:600}.quiet{fill:#59636e}',
    '.page{fill:#fff}.grid{stroke:#d1d9e0}.line{fill:none;stroke-width:2.5}.value{font-size:11px}',
    rules(colours),
    '@media (prefers-color-scheme:dark){',
    'text{fill:#e6edf3}.quiet{fill:#9198a1}.page{fill:#0d1117}.grid{stroke:#3d444d}',
    rules(darkColours),
    '}',
    '</style>',
  ].join('');
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
