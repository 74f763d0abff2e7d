/** The names under which a browser of this machine reaches it. */
const loopbackNames = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether the `Host` of a request is one that only this machine has. A page of another site that points its own name at
 * 127.0.0.1 (DNS rebinding) sends its own name here, and would read everything without this check.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && loopbackNames.test(host);
}

/**
 * Whether a page of this console made the request: a page of another origin may send it, but cannot choose these
 * headers. https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
 */
export function isSameOrigin(header: (name: string) => string | undefined): boolean {
  const [host, origin, site] = ['host', 'origin', 'sec-fetch-site'].map(header);
  // A proxy may change the Host; the browser's own word on it holds. It is missing on http, except for loopback.
  if (site !== undefined) return site === 'same-origin';
  return origin !== undefined && URL.parse(origin)?.host === host;
}

/** Whether a request that only reads may be answered: not one that a page of another site makes in the background. */
export function mayRead(header: (name: string) => string | undefined): boolean {
  const site = header('sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  // A link from elsewhere opens the console, as a page and in no frame.
  return header('sec-fetch-mode') === 'navigate' && header('sec-fetch-dest') === 'document';
}
