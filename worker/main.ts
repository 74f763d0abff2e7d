import { relay } from 'tributary-relay/config';
import { createEdge } from './relay.ts';

/** Long enough that a busy isolate publishes few counts, short enough that most isolates live to publish them. */
const censusAfterMs = 10_000;

const edge = createEdge(relay, { censusAfterMs });

export default { fetch: edge.fetch, queue: edge.queue } satisfies ExportedHandler<Env>;
