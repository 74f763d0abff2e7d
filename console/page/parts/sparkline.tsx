/** A line of figures, as wide as its place. The words beside it say the same. */
export function Sparkline({
  values,
  width = 96,
  height = 20,
}: {
  values: readonly number[];
  width?: number;
  height?: number;
}) {
  const max = Math.max(...values, 1);
  const step = width / Math.max(1, values.length - 1);
  const y = (value: number) => height - 1.5 - (value / max) * (height - 3);
  const points = values.map((value, n) => `${(n * step).toFixed(1)},${y(value).toFixed(1)}`);
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      {points.length > 1 && (
        <>
          <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} />
          <polyline points={points.join(' ')} />
        </>
      )}
    </svg>
  );
}
