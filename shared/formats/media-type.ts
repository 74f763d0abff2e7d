/** A header such as Content-Type or Content-Disposition: its value in lower case, and its parameters. */
export interface HeaderValue {
  value: string;
  /** By lower-case name. Of several with the same name the first counts. */
  parameters: ReadonlyMap<string, string>;
}

/**
 * RFC 9110, section 5.6.6, and what senders write instead. One pass from left to right for any text, because every
 * part of a multipart body has such headers.
 */
export function parseHeaderValue(text: string): HeaderValue {
  const parameters = new Map<string, string>();
  let at = text.indexOf(';');
  const value = (at === -1 ? text : text.slice(0, at)).trim().toLowerCase();
  while (at !== -1) {
    const equals = text.indexOf('=', at);
    if (equals === -1) break;
    const name = text
      .slice(text.lastIndexOf(';', equals) + 1, equals)
      .trim()
      .toLowerCase();
    const start = skipBlanks(text, equals + 1);
    const parameter = text[start] === '"' ? quoted(text, start) : bare(text, start);
    if (!parameters.has(name)) parameters.set(name, parameter.value);
    at = text.indexOf(';', parameter.end);
  }
  return { value, parameters };
}

function skipBlanks(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** A quote escapes itself with a backslash; any other backslash is a part of a name (`C:\…`). */
function quoted(text: string, quote: number): { value: string; end: number } {
  let end = text.indexOf('"', quote + 1);
  while (end !== -1 && text[end - 1] === '\\') end = text.indexOf('"', end + 1);
  if (end === -1) end = text.length;
  return { value: text.slice(quote + 1, end).replaceAll('\\"', '"'), end };
}

function bare(text: string, start: number): { value: string; end: number } {
  const semicolon = text.indexOf(';', start);
  const end = semicolon === -1 ? text.length : semicolon;
  return { value: text.slice(start, end).trim(), end };
}

/** The charset that a Content-Type declares. */
export function charsetOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !contentType.includes(';')) return undefined;
  return parseHeaderValue(contentType).parameters.get('charset') || undefined;
}
