import { relay } from '../tributary.config.ts';
import { createEdge } from './relay.ts';

const edge = createEdge(relay);

export default { fetch: edge.fetch, queue: edge.queue } satisfies ExportedHandler<Env>;
