import { absmartlySource } from './absmartly.ts';
import { datanostroSource } from './datanostro.ts';
import { genericSource } from './generic.ts';
import { segmentstreamSource } from './segmentstream.ts';

/** Every source, by the name that a stream's `source` holds. */
export const sources = {
  absmartly: absmartlySource,
  datanostro: datanostroSource,
  generic: genericSource,
  segmentstream: segmentstreamSource,
} as const;

export type SourceName = keyof typeof sources;
