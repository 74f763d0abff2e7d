import { Store, useStore } from './store.ts';

export interface Route {
  path: string;
  query: URLSearchParams;
}

const route = new Store<Route>(read());

function read(): Route {
  return { path: decode(location.pathname), query: new URLSearchParams(location.search) };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

addEventListener('popstate', () => route.set(read()));

export function useRoute(): Route {
  return useStore(route);
}

export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  route.set(read());
  if (!replace) {
    scrollTo(0, 0);
    // A screen reader starts with the new page.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus());
  }
}

/** Changes members of the query; undefined removes one. Typing in a field replaces, a choice is a step back. */
export function setQuery(
  change: Record<string, string | undefined>,
  options: { replace?: boolean } = {},
): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  const to = `${location.pathname}${text ? `?${text}` : ''}`;
  if (options.replace ?? true) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  route.set(read());
}

/** Links within the console need no new page. */
document.addEventListener('click', (event) => {
  const link = (event.target as Element | null)?.closest?.('a');
  if (
    !link ||
    event.defaultPrevented ||
    event.button !== 0 ||
    link.target ||
    link.hasAttribute('download')
  )
    return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  if (
    url.origin !== location.origin ||
    url.pathname.startsWith('/api/') ||
    link.getAttribute('href')?.startsWith('#')
  )
    return;
  event.preventDefault();
  navigate(url.pathname + url.search);
});
