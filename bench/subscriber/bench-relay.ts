import { datanostro, defineRelay } from 'tributary-relay';

export const table = 'bench.events';

/** @param name of the topic and the subscription, different for each run */
export function benchRelay(name: string) {
  return defineRelay({
    project: 'bench-project',
    topic: name,
    subscription: name,
    streams: { shop: datanostro({ table }) },
  });
}
