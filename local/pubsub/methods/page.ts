import { invalid } from '../errors.ts';
import { checkProject } from '../resource-names.ts';

const MAX_PAGE_SIZE = 1000;

export interface PageRequest {
  readonly pageSize?: number | null;
  readonly pageToken?: string | null;
}

export function inProject<T extends { readonly name: string }>(
  all: readonly T[],
  project: string | null | undefined,
): T[] {
  const prefix = `${checkProject(project)}/`;
  return all.filter(({ name }) => name.startsWith(prefix));
}

/** One page of the list, in the order of names. The page token is the last name of the previous page. */
export function listPage<T extends { readonly name: string }>(
  all: readonly T[],
  { pageSize, pageToken }: PageRequest,
): { items: T[]; nextPageToken: string } {
  if ((pageSize ?? 0) < 0) throw invalid(`Invalid page_size: ${pageSize}.`);
  const after = Buffer.from(pageToken ?? '', 'base64url').toString();
  const rest = all
    .filter(({ name }) => name > after)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const items = rest.slice(0, Math.min(pageSize || MAX_PAGE_SIZE, MAX_PAGE_SIZE));
  const last = items.at(-1);
  const nextPageToken =
    last && items.length < rest.length ? Buffer.from(last.name).toString('base64url') : '';
  return { items, nextPageToken };
}
