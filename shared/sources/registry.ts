import type { SourceName } from '../config/config.ts';
import { absmartlyEdge, absmartlySource } from './absmartly.ts';
import { datanostroEdge, datanostroSource } from './datanostro.ts';
import { genericEdge, genericSource } from './generic.ts';
import { segmentstreamEdge, segmentstreamSource } from './segmentstream.ts';

/** Every source, by the name that a stream's `source` holds. */
export const sources = {
  absmartly: absmartlySource,
  datanostro: datanostroSource,
  generic: genericSource,
  segmentstream: segmentstreamSource,
} as const satisfies Record<SourceName, unknown>;

/** The same as the Worker needs them: its bundle leaves out how rows are made. */
export const edgeSides = {
  absmartly: absmartlyEdge,
  datanostro: datanostroEdge,
  generic: genericEdge,
  segmentstream: segmentstreamEdge,
} as const satisfies Record<SourceName, unknown>;
