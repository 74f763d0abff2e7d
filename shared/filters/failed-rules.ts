import type { Condition, Filter } from './condition.ts';
import { compileFilter, type FilteredEvent } from './filter.ts';

/**
 * The rules of a filter that an event does not pass, as paths with what stands there: `filter.event '^order'`. Inside
 * `all`, only the conditions that fail. Empty if the event passes.
 */
export function failedRules(filter: Filter, event: FilteredEvent): string[] {
  const { event: pattern, events, where } = filter;
  return [
    ...(pattern === undefined ? [] : failed({ event: pattern }, event, 'filter.event', pattern)),
    ...(events === undefined ? [] : failed({ events }, event, 'filter.events', events)),
    ...(where === undefined ? [] : failedConditions(where, event, 'filter.where')),
  ];
}

function failedConditions(where: Condition, event: FilteredEvent, path: string): string[] {
  if (!('all' in where)) return failed({ where }, event, path, where);
  return where.all.flatMap((condition, index) =>
    failedConditions(condition, event, `${path}.all.${index}`),
  );
}

function failed(rule: Filter, event: FilteredEvent, path: string, shown: unknown): string[] {
  return compileFilter(rule).passes(event) ? [] : [`${path} ${text(shown)}`];
}

/** As JSON, with the digits of a bigint. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}n` : inner,
  );
}
