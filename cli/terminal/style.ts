import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** How each kind of text looks on a terminal. */
const formats = {
  error: ['bold', 'red'],
  warning: ['bold', 'yellow'],
  good: 'green',
  strong: 'bold',
  faint: 'dim',
} as const satisfies Record<string, Format>;

/** Text with its style; plain where the stream is no terminal, or NO_COLOR is set. */
export function styled(
  kind: keyof typeof formats,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(formats[kind] as Format, text, { stream });
}
