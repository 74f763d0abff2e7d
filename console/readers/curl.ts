import type { SignedSample } from '../context.ts';

/** A delivery as a command that can be pasted into a POSIX shell, byte for byte. */
export function toCurl({ url, contentType, headers, body }: SignedSample): string {
  const words = [
    `curl -i ${quote(url)}`,
    ...Object.entries({ 'content-type': contentType, ...headers }).map(
      ([name, value]) => `-H ${quote(`${name}: ${value}`)}`,
    ),
    // Not -d: it strips line breaks, which the signature covers.
    `--data-binary ${quote(body)}`,
  ];
  return words.join(' \\\n  ');
}

/** As one word of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
