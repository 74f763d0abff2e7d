/** One measured number. `value` is the median of the rounds, `spread` their least and greatest. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  spread: [min: number, max: number];
  /** The target, such as `≤ 1.5` or `≥ 50000`, if there is one. */
  target?: string;
  holds?: boolean;
}

type Target = { atLeast: number } | { atMost: number };

/** @param rounds one number for each round; at least one */
export function toFigure(
  name: string,
  unit: string,
  rounds: readonly number[],
  target?: Target,
): Figure {
  const sorted = rounds.toSorted((a, b) => a - b);
  const figure: Figure = {
    name,
    value: median(sorted),
    unit,
    spread: [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN],
  };
  if (!target) return figure;
  return 'atLeast' in target
    ? { ...figure, target: `≥ ${target.atLeast}`, holds: figure.value >= target.atLeast }
    : { ...figure, target: `≤ ${target.atMost}`, holds: figure.value <= target.atMost };
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
