import type { RunOptions } from './measure-run.ts';

export interface RelayOptions {
  rates: number[];
  sizes: number[];
  replicas: number[];
  seconds: number;
}

/** The size of the runs that differ in something else. */
export const usualBytes = 1024;
/** The rate of the runs that differ in size or in replicas, where the options have it. */
const usualRate = 500;
/** Large bodies come less often: as many bytes a second as this. */
const bytesPerSecond = 5e6;

/** Each rate at the usual size, each size at the usual rate, each number of replicas at both. */
export function planRuns({ rates, sizes, replicas, seconds }: RelayOptions): RunOptions[] {
  const rate = rates.includes(usualRate) ? usualRate : (rates[0] ?? usualRate);
  const [fewest = 1, ...more] = replicas;
  return [
    ...rates.map((each) => ({ rate: each, bytes: usualBytes, replicas: fewest, seconds })),
    ...sizes.map((bytes) => {
      const atMost = Math.max(1, Math.floor(bytesPerSecond / bytes));
      return { rate: Math.min(rate, atMost), bytes, replicas: fewest, seconds };
    }),
    ...more.map((each) => ({ rate, bytes: usualBytes, replicas: each, seconds })),
  ];
}
