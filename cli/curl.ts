import type { SignedDelivery } from '../local/samples/deliveries.ts';

/** A delivery as a command that can be pasted into a POSIX shell, byte for byte. */
export function toCurl(delivery: SignedDelivery): string {
  const headers = { 'content-type': delivery.contentType, ...delivery.headers };
  const words = [
    `curl -i ${quote(delivery.url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    // Not -d: it would strip line breaks, and the signature covers them.
    `--data-binary ${quote(delivery.body)}`,
  ];
  return words.join(' \\\n  ');
}

/** As one word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
