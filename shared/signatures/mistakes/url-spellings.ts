interface UrlSpelling {
  url: string;
  mistake: string;
}

/**
 * The URLs that a sender may have been given instead of the configured one, with the same query.
 *
 * @param url the configured one, with the path and query of the request
 * @param cameTo the URL that the request came to
 */
export function urlSpellings(url: string, cameTo: string | undefined): UrlSpelling[] {
  const parts = partsOf(url);
  if (!parts) return [];
  const { scheme, authority, path, query } = parts;
  const otherScheme = scheme === 'https' ? 'http' : 'https';
  const otherPath = path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
  const withoutPort = authority.replace(/:\d+$/, '');
  const ports = withoutPort === authority ? [`${authority}:443`, `${authority}:80`] : [withoutPort];
  const came = cameTo === undefined ? undefined : partsOf(cameTo);
  const otherHost = withoutPort.startsWith('www.')
    ? withoutPort.slice('www.'.length)
    : `www.${withoutPort}`;
  const hosts = [came?.authority ?? authority, otherHost].filter((host) => host !== authority);

  const found = new Map<string, string>();
  const add = (url: string, mistake: string) => {
    if (!found.has(url)) found.set(url, mistake);
  };
  const slash = `with${otherPath.endsWith('/') ? '' : 'out'} a slash at the end of its path`;
  for (const host of [authority, ...ports, ...hosts]) {
    for (const protocol of [scheme, otherScheme]) {
      for (const way of [path, otherPath]) {
        const differences = [
          ...(protocol === scheme ? [] : [`is ${protocol}, the configured one ${scheme}`]),
          ...(host === authority ? [] : [`has ${host}, the configured one ${authority}`]),
          ...(way === path ? [] : [`is ${slash}`]),
        ];
        if (differences.length === 0) continue;
        add(`${protocol}://${host}${way}${query}`, `the URL signed ${differences.join(', and ')}`);
      }
    }
  }
  if (query !== '') {
    add(`${scheme}://${authority}${path}`, 'the URL signed has no query');
  }
  return [...found].map(([url, mistake]) => ({ url, mistake }));
}

function partsOf(url: string) {
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^(https?):\/\/([^/?#]+)([^?#]*)(.*)$/is.exec(url) ?? [];
  return scheme === '' ? undefined : { scheme: scheme.toLowerCase(), authority, path, query };
}
