/**
 * What must not reach a terminal as it is, for a terminal obeys it: control characters (C0, DEL, C1: an escape
 * sequence sets the title, the clipboard, or what was printed before) and what turns the order of text around
 * or breaks its lines (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u206a-\u206f\ufeff\ufff9-\ufffb]/gu;
const short = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeOne(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return short.get(character) ?? `\\u${code}`;
}

/** Text as one line for a terminal: what is unsafe is written as JSON escapes it, `\u001b`. */
export function terminalText(text: string): string {
  return text.replace(unsafe, escapeOne);
}

/** The same for text of several lines, which stay lines. */
export function terminalLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unsafe, (character) => (/[\n\t]/.test(character) ? character : escapeOne(character)));
}

/**
 * A JSON document that means the same and is safe on a terminal: the unsafe can stand in its strings alone, but
 * for white space.
 */
export function terminalJson(json: string): string {
  return json.replace(unsafe, (character) => {
    if (character === '\r') return ' ';
    return /[\n\t]/.test(character) ? character : escapeOne(character);
  });
}
