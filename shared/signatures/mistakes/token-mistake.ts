import { decode } from '../bytes.ts';
import type { TokenScheme } from '../scheme.ts';
import type { RefusedRequest } from './refused-request.ts';

/** Why a key that was shown is not the right one. Not in constant time: the sender does not wait for it. */
export function tokenMistake(
  { at, tag, algorithm }: TokenScheme,
  { cause, request, secrets, others }: RefusedRequest,
): string | undefined {
  const value = at.from === 'path' ? request.key : (request.headers.get(at.name) ?? undefined);
  if (value === undefined) return undefined;
  if (cause === 'malformed') return 'what follows "Basic " is not base64';
  const shown = algorithm === 'basic' ? textOf(value.slice(tag.length)) : value.slice(tag.length);
  const own = secrets.map((secret) => secret.trim()).filter((secret) => secret !== '');
  const other = others.find(({ value }) => value.trim() !== '' && value.trim() === shown);
  if (other) return `it is the key of the stream "${other.stream}"`;
  const spellings: [string | undefined, string][] = [
    [shown.trim(), 'there are blanks or line breaks around the key'],
    [shown.replace(/^(["'])(.*)\1$/s, '$2'), 'there are quotation marks around the key'],
    [
      shown.replace(/^(?:Bearer|Basic|Token) +/i, ''),
      `the key is sent with another word before it`,
    ],
    [unescaped(shown), 'the key is percent-encoded'],
    [algorithm === 'basic' ? undefined : textOf(shown), 'the key is sent in base64'],
    [tag + shown, `the secret holds "${tag.trim()}" too: only what follows it is the key`],
  ];
  for (const [spelling, mistake] of spellings) {
    if (spelling !== undefined && own.includes(spelling)) return mistake;
  }
  const isCase = own.some((secret) => secret.toLowerCase() === shown.toLowerCase());
  if (isCase) return 'the key differs only in upper and lower case';
  const isCut = shown.length >= 8 && own.some((secret) => secret.startsWith(shown));
  return isCut ? 'the key is cut off' : undefined;
}

function textOf(base64: string): string {
  return new TextDecoder().decode(decode(base64, 'base64'));
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
