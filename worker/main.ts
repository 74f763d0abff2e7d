import { relay } from 'tributary-relay/config';
import { createEdge } from './relay.ts';

/** Long enough that a busy isolate publishes few reports, short enough that one that ends takes little with it. */
const reportEveryMs = 10_000;

const edge = createEdge(relay, { reportEveryMs });

export default { fetch: edge.fetch, queue: edge.queue } satisfies ExportedHandler<Env>;
