import { BigQueryError } from '../../errors.ts';
import { asCount } from './json.ts';

export interface Page {
  start: number;
  size: number;
}

/** Reads `pageToken` or `startIndex`, and `maxResults`. A page token is the index of the first item. */
export function readPage(query: URLSearchParams, defaultSize: number): Page {
  const token = query.get('pageToken') ?? query.get('startIndex') ?? '';
  const start = token === '' ? 0 : asCount(token);
  if (start === undefined) throw new BigQueryError('invalid', `Invalid page token: ${token}`);
  const asked = query.get('maxResults') ?? '';
  const size = asked === '' ? defaultSize : asCount(asked);
  if (size === undefined)
    throw new BigQueryError('invalid', `Invalid value for maxResults: ${asked}`);
  return { start, size };
}

/** One page of a list, with the token of the next page if there is one. */
export function cutPage<T>(items: readonly T[], page: Page): { items: T[]; next?: string } {
  const end = page.start + page.size;
  const cut = items.slice(page.start, end);
  return end < items.length ? { items: cut, next: String(end) } : { items: cut };
}
