import { RelayError } from '../../../shared/errors.ts';

/**
 * The key is sent to this URL, so it must lie below the configured one whatever the path holds; the edge
 * has checked the path already, and a replayed envelope may come from another version of the edge.
 *
 * @throws RelayError `export.url`
 */
export function exportUrl(apiUrl: string, path: string): URL {
  const base = new URL(apiUrl);
  const folder = base.pathname.replace(/\/+$/, '');
  const url = URL.canParse(`${base.origin}${folder}${path}`)
    ? new URL(`${base.origin}${folder}${path}`)
    : undefined;
  const below =
    url?.origin === base.origin &&
    url.username === '' &&
    url.password === '' &&
    url.pathname.startsWith(`${folder}/`) &&
    path.startsWith('/') &&
    !path.startsWith('//') &&
    !path.includes('\\');
  if (!below)
    throw new RelayError('export.url', 'the download_url leads out of the configured API');
  return url;
}
