import { invalid } from '../errors.ts';

const MAX_PAGE = 1000;

interface PageRequest {
  readonly pageSize?: number | null;
  readonly pageToken?: string | null;
}

/** One page of what is in the list, by name. The token is the last name of the page before. */
export function listPage<T extends { readonly name: string }>(
  all: readonly T[],
  { pageSize, pageToken }: PageRequest,
): { items: T[]; nextPageToken: string } {
  if ((pageSize ?? 0) < 0) throw invalid(`Invalid page_size: ${pageSize}.`);
  const after = Buffer.from(pageToken ?? '', 'base64url').toString();
  const rest = all
    .filter(({ name }) => name > after)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const items = rest.slice(0, Math.min(pageSize || MAX_PAGE, MAX_PAGE));
  const last = items.at(-1);
  const nextPageToken =
    last && items.length < rest.length ? Buffer.from(last.name).toString('base64url') : '';
  return { items, nextPageToken };
}
