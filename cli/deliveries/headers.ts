import { RelayError } from '../../shared/errors.ts';

/** RFC 9110, section 5.6.2: a token, then the value. */
const form = /^([!#$%&'*+.^_`|~\da-z-]+):[ \t]*(.*?)[ \t]*$/is;

/** The connection sets them: fetch() refuses them, or they would contradict the body. */
const ofTheConnection = new Set(['connection', 'content-length', 'host', 'transfer-encoding']);

/**
 * The values of `--header`, by lower-case name. Of two with the same name the last counts.
 *
 * @throws RelayError `delivery.header`
 */
export function readHeaders(texts: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const text of texts) {
    const [, name, value = ''] = form.exec(text) ?? [];
    // The value may be a signature or a token: only the name is shown.
    if (name === undefined) throw refused('a --header is not "name: value"');
    const lower = name.toLowerCase();
    if (ofTheConnection.has(lower)) throw refused(`the connection itself sets ${lower}`);
    if (!isValue(value)) throw refused(`the value of ${lower} has characters that no header has`);
    headers[lower] = value;
  }
  return headers;
}

function isValue(value: string): boolean {
  try {
    new Headers({ 'x-value': value });
    return true;
  } catch {
    return false;
  }
}

function refused(problem: string): RelayError {
  return new RelayError('delivery.header', problem);
}
