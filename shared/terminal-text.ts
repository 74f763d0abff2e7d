/**
 * Characters that a terminal would obey: control characters (C0, DEL, C1: an escape sequence can set the title or the
 * clipboard, or change text that was printed before), and characters that reverse the order of text or break its lines
 * (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
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

/** Text as one line for a terminal. Unsafe characters are escaped as in JSON: `\u001b`. */
export function terminalText(text: string): string {
  return text.replace(unsafe, escapeOne);
}

/** The same for text of several lines. The line breaks stay. */
export function terminalLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unsafe, (character) => (/[\n\t]/.test(character) ? character : escapeOne(character)));
}

/**
 * The same JSON document, safe on a terminal. Except for white space, unsafe characters can stand only in strings.
 */
export function terminalJson(json: string): string {
  return json.replace(unsafe, (character) => {
    if (character === '\r') return ' ';
    return /[\n\t]/.test(character) ? character : escapeOne(character);
  });
}
