import {
  type Chart,
  drawFrame,
  isShown,
  placeOf,
  round,
  text,
  valueScale,
  valueText,
} from './frame.ts';

/** A line for each series, with its values written at the last point. */
export function drawLines(chart: Chart): string {
  const scale = valueScale(chart);
  const marks = chart.series.flatMap(({ values }, n) => {
    const points = values.flatMap((value, index) =>
      isShown(value) ? [{ x: placeOf(index, chart), y: scale(value), value }] : [],
    );
    const path = points.map(
      ({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`,
    );
    return [
      `<path class="line line${n}" d="${path.join('')}"/>`,
      ...points.flatMap(({ x, y, value }) => [
        `<circle class="fill${n}" cx="${round(x)}" cy="${round(y)}" r="3.5"/>`,
        text(x, y - 8, valueText(value), 'class="value" text-anchor="middle"'),
      ]),
    ];
  });
  return drawFrame(chart, marks);
}
