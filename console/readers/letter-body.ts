import { readEnvelope } from '../../shared/envelope.ts';
import { inflateEnvelope } from '../../subscriber/rows/inflate-body.ts';
import type { WholeLetterInfo } from '../contract.ts';

/** What is sent at first of a body; the whole of it when it is asked for. */
const maxBytes = 65_536;
const maxHexBytes = 4096;

/** The body as text where it is text, with a compressed one inflated; else its bytes as hexadecimal digits. */
export function readableBody(
  data: Buffer,
  attributes: Record<string, string>,
  isWhole: boolean,
): Pick<WholeLetterInfo, 'body' | 'bodyKind' | 'isCut'> {
  const bytes = inflated(data, attributes);
  const limit = isWhole ? bytes.byteLength : maxBytes;
  const text = decode(bytes);
  if (text === undefined) {
    const shown = bytes.subarray(0, isWhole ? maxBytes : maxHexBytes);
    return {
      body: hexLines(shown),
      bodyKind: 'binary',
      isCut: shown.byteLength < bytes.byteLength,
    };
  }
  const isCut = text.length > limit;
  return {
    body: isCut ? text.slice(0, limit).toWellFormed() : text,
    bodyKind: isJson(text) ? 'json' : 'text',
    isCut,
  };
}

function inflated(data: Buffer, attributes: Record<string, string>): Uint8Array {
  const reading = readEnvelope(attributes, data);
  if (!reading.ok) return data;
  const result = inflateEnvelope(reading.envelope, 8 * 1024 * 1024);
  return result.ok ? result.envelope.body : data;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function hexLines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const line = [...bytes.subarray(at, at + 16)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const shown = line.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'));
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${shown.join('')}`);
  }
  return lines.join('\n');
}
