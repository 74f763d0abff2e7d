import { RE2JS } from 're2js';
import type { Filter } from '../shared/config.ts';

/** Does an event of this name pass? `undefined` where the delivery names none. */
export type EventTest = (event: string | undefined) => boolean;

/** In UTF-16 units. No sender's names come near it. */
const maxNameLength = 256;

/**
 * Compiles a stream's filter, once. RE2 takes linear time, so no name can hang the edge.
 *
 * A longer name than `maxNameLength` passes no filter: were it cut and then matched, its beginning
 * could pass where the whole would not, and `$` would find an end that isn't there. A delivery that
 * names no event passes no filter on names either.
 */
export function compileFilter(filter: Filter | undefined): EventTest {
  if (filter?.event === undefined) return () => true;
  const pattern = RE2JS.compile(filter.event);
  return (event) => event !== undefined && event.length <= maxNameLength && pattern.test(event);
}
