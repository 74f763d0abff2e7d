import { datanostro, defineRelay } from 'tributary-relay';

export const table = 'bench.events';

/** The relay of the benches that run all of it: one stream without a filter. */
export const relay = defineRelay({
  project: 'bench-project',
  streams: { datanostro: datanostro({ table, maxBodyBytes: 2 * 1024 * 1024 }) },
});
