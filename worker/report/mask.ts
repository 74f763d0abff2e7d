/** Headers whose values say what a delivery is, and can't hold a secret. */
const shown = new Set([
  ...['accept', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding'],
  ...['user-agent', 'host', 'date', 'cf-ray', 'traceparent', 'x-request-id', 'x-correlation-id'],
  ...['idempotency-key', 'ce-id', 'ce-type', 'ce-time', 'ce-specversion'],
  ...['webhook-id', 'webhook-timestamp', 'svix-id', 'svix-timestamp'],
  ...['x-github-event', 'x-github-delivery', 'x-github-hook-id', 'x-gitlab-event'],
  ...['x-shopify-topic', 'x-shopify-webhook-id', 'x-shopify-event-id', 'x-shopify-triggered-at'],
  ...['paypal-transmission-id', 'paypal-transmission-time', 'paypal-auth-algo'],
  ...['x-slack-retry-num', 'x-slack-retry-reason', 'twitch-eventsub-message-id'],
]);

/** Of another header whose name says that it holds a time, a value that is one. */
const timeName = /(?:^|-)(?:time|timestamp|date|at)$/;
const timeValue = /^(?:\d{9,16}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)$/;

const maxHeaders = 40;
const maxValueLength = 200;

/** The values of harmless headers; of every other one what its value looks like. */
export function maskHeaders(headers: Iterable<[string, string]>): Record<string, string> {
  const masked: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of headers) {
    if (count++ === maxHeaders) break;
    const isShown = shown.has(name) || (timeName.test(name) && timeValue.test(value));
    masked[cut(name)] = isShown ? cut(value) : shapeOf(value);
  }
  return masked;
}

function cut(text: string): string {
  const kept = text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
  return kept.toWellFormed();
}

const maxItems = 12;
const separators = /(, *|; *| )/;

/** What stands before a signature, and is known of every sender that writes so. */
const label = /^(?:t|ts|v\d\w?|h1|sha\d{1,3}|bearer|basic|digest|hmac|signature|algorithm|keyid)$/i;
const labelled = /^([a-z]\w{0,9})=(.+)$/is;

/** `t=(10 digits),v1=(64 hex digits)`: the items of a list, each by its kind and length. */
function shapeOf(value: string): string {
  const pieces = value.split(separators, 2 * maxItems);
  return pieces.map((piece, at) => (at % 2 === 1 ? piece : shapeOfItem(piece))).join('');
}

function shapeOfItem(item: string): string {
  if (item === '' || label.test(item)) return item;
  const [, name = '', rest = ''] = labelled.exec(item) ?? [];
  return label.test(name) ? `${name}=${kindOf(rest)}` : kindOf(item);
}

function kindOf(text: string): string {
  const { length } = text;
  if (/^\d+$/.test(text)) return `(${length} digits)`;
  if (/^[\da-f]+$/i.test(text)) return `(${length} hex digits)`;
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return `(a JWT of ${length} characters)`;
  if (/^[\w+/-]+={0,2}$/.test(text)) return `(${length} base64 characters)`;
  return `(${length} characters)`;
}

/** Letters and digits as a word or a name has them; a key changes between them. */
const word = /^(?:|[a-z]{1,20}\d{0,4}|[A-Z]{1,20}\d{0,4}|[A-Z][a-z]{1,19}|\d{1,4})$/;

/**
 * The first segment of a path if it names a stream or is like a name, and nothing of what follows: that may be a key.
 */
export function maskPath(path: string, isStream: (name: string) => boolean): string {
  const [, first = '', ...more] = path.split('/', 8);
  const named = isStream(first) || isLikeName(first) ? first : `(${first.length} characters)`;
  return `/${named}${'/…'.repeat(Math.min(more.length, 3))}`;
}

function isLikeName(segment: string): boolean {
  return segment.length <= 63 && segment.split(/[-_.]/).every((part) => word.test(part));
}
