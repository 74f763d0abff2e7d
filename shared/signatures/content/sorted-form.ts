import { formPairs } from '../../formats/form.ts';
import type { Bytes } from '../bytes.ts';

/**
 * The limits of a signed form. It is read before its signature is checked, and a megabyte of `a&a&a…` took a second.
 * Twilio's callbacks have about forty fields, twice ten for media, and those of SIP headers, of 1,600 characters at
 * most.
 */
const maxFormFields = 1000;
const maxFormBytes = 1024 * 1024;

const ampersand = 0x26;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Twilio's form: names in order, each followed by its distinct values in order, with nothing
 * between them; undefined if it is not UTF-8.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security
 *
 * Uses the reader of rows and filters: a field that only one of them saw would not be signed.
 */
export function sortedForm(body: Bytes): string | undefined {
  let form: string;
  try {
    form = decoder.decode(body);
  } catch {
    return undefined;
  }
  const fields = new Map<string, Set<string>>();
  for (const [name, value] of formPairs(form)) {
    const values = fields.get(name);
    if (values) values.add(value);
    else fields.set(name, new Set([value]));
  }
  let text = '';
  for (const name of [...fields.keys()].sort()) {
    for (const value of [...(fields.get(name) ?? [])].sort()) text += name + value;
  }
  return text;
}

/** Whether the form is larger than any sender's. Decodes nothing. */
export function isOversizedForm(body: Bytes): boolean {
  if (body.length > maxFormBytes) return true;
  let fields = 1;
  for (let at = body.indexOf(ampersand); at >= 0; at = body.indexOf(ampersand, at + 1)) {
    fields++;
    if (fields > maxFormFields) return true;
  }
  return false;
}
