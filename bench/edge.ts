import { gzipSync } from 'node:zlib';
import { type Bundle, bundleWorker } from './edge/bundle.ts';
import { canMeasureCpu } from './edge/cpu.ts';
import { loadedBy } from './edge/load.ts';
import { measureStartUp } from './edge/start-up.ts';
import { measureVariants, type VariantName } from './edge/variants.ts';
import { noOp } from './edge/yardsticks.ts';
import { type Figure, toFigure } from './figure.ts';

const startUpRounds = 21;

/** What the edge costs, compared with Workers that do nothing and with the Cloud Function that it replaces. */
export async function benchEdge(say: (what: string) => void): Promise<Figure[]> {
  say('bundling as wrangler does');
  const bundle = await bundleWorker();
  const figures = [bundleFigure(bundle)];
  if (!canMeasureCpu) {
    say('skipped: CPU per delivery is only measured on Linux');
    return figures;
  }
  say(`module start-up: ${startUpRounds} starts of workerd with it and as many without`);
  figures.push(await startUpFigure(bundle));
  say(`load by ${loadedBy}`);
  return [...figures, ...cpuFigures(await measureVariants(bundle, say))];
}

function bundleFigure({ source }: Bundle): Figure {
  return toFigure('bundle, gzipped', 'KiB', [gzipSync(source).byteLength / 1024], { atMost: 40 });
}

async function startUpFigure({ source, compatibilityDate }: Bundle): Promise<Figure> {
  const costs = await measureStartUp(
    { source, compatibilityDate, bindings: {} },
    { source: noOp, compatibilityDate, bindings: {} },
    startUpRounds,
  );
  return toFigure('module start-up', 'ms CPU', costs, { atMost: 8 });
}

/** Ratios are taken within a round, so that a slow moment of the machine affects both. */
function cpuFigures(cpuUs: Record<VariantName, number[]>): Figure[] {
  const perDelivery = (name: string, variant: VariantName) =>
    toFigure(name, 'µs CPU', cpuUs[variant]);
  const ratio = (name: string, ours: VariantName, theirs: VariantName, atMost: number) =>
    toFigure(name, '×', divide(cpuUs[ours], cpuUs[theirs]), { atMost });
  return [
    perDelivery('1 KB: a Worker that only reads', 'noOp'),
    perDelivery('1 KB: filtered', 'filtered'),
    ratio('1 KB: filtered ÷ only reads', 'filtered', 'noOp', 1.5),
    perDelivery('1 KB: published', 'published'),
    ratio('1 KB: published ÷ only reads', 'published', 'noOp', 2.7),
    perDelivery('128 KiB: HMAC alone', 'hmac128KiB'),
    ratio('128 KiB: filtered ÷ HMAC alone', 'filtered128KiB', 'hmac128KiB', 1.5),
    perDelivery('1 MiB: HMAC alone', 'hmac1MiB'),
    ratio('1 MiB: filtered ÷ HMAC alone', 'filtered1MiB', 'hmac1MiB', 1.5),
    perDelivery("1 KB: the tutorial's function", 'tutorial'),
    toFigure(
      "deliveries per CPU-second, published ÷ the tutorial's function",
      '×',
      divide(cpuUs.tutorial, cpuUs.published),
      { atLeast: 5 },
    ),
  ];
}

function divide(dividends: readonly number[], divisors: readonly number[]): number[] {
  return dividends.map((dividend, round) => dividend / (divisors[round] ?? Number.NaN));
}
