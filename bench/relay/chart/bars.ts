import {
  type Chart,
  drawFrame,
  isShown,
  placeOf,
  plot,
  round,
  text,
  valueScale,
  valueText,
} from './frame.ts';

/** The share of a label's space that its bars fill. */
const filled = 0.8;

/** A group of bars for each label. */
export function drawBars(chart: Chart): string {
  const scale = valueScale(chart);
  const { series, labels } = chart;
  const space = ((plot.right - plot.left) / labels.length) * filled;
  const each = space / series.length;
  const marks = series.flatMap(({ values }, n) =>
    values.flatMap((value, index) => {
      if (!isShown(value)) return [];
      const x = placeOf(index, chart) - space / 2 + n * each;
      const y = scale(value);
      return [
        `<rect class="fill${n}" x="${round(x + 1)}" y="${round(y)}" width="${round(each - 2)}" height="${round(plot.bottom - y)}"/>`,
        text(x + each / 2, y - 5, valueText(value), 'class="value" text-anchor="middle"'),
      ];
    }),
  );
  return drawFrame(chart, marks);
}
