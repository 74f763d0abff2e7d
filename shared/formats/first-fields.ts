import type { SentBody } from './body-formats.ts';
import { rawPairs, unescapeField } from './form.ts';
import { Members } from './members.ts';
import { boundaryOf, readParts } from './multipart.ts';
import { formatOf } from './read-body.ts';
import { decodeLossy, decodeUnmarked } from './text.ts';

/** How many fields are read: a signature is among the first, not after a megabyte of others. */
const maxFields = 1000;
/** The headers of all parts of a multipart form, in bytes. One field's name takes about sixty. */
const maxHeadBytes = 64 * 1024;
const maxNameLength = 256;
/** Braintree signs a payload of some kilobytes. */
const maxValueLength = 256 * 1024;

/**
 * The fields of a form (urlencoded or multipart) that a signature needs, as the text of a JSON object. They are read
 * before anything is verified, so the work is limited whatever the body is. The readers are those that make rows, so
 * the verified fields are the relayed ones. Undefined if the body is not a form.
 */
export function firstFields(sent: SentBody, names: ReadonlySet<string>): string | undefined {
  const format = formatOf(sent, ['form', 'multipart']);
  const members = new Members();
  for (const [name, value] of format === 'multipart' ? partPairs(sent) : fieldPairs(sent)) {
    if (!names.has(name) || members.valuesOf(name).length > 0) continue;
    members.add(name, JSON.stringify(value()));
    if (members.size === names.size) break;
  }
  return members.size === 0 ? undefined : members.toJson();
}

type LazyPair = readonly [name: string, value: () => string];

function* fieldPairs({ body }: SentBody): Generator<LazyPair, void> {
  const decoding = decodeUnmarked(body, undefined);
  if (!decoding.ok) return;
  let count = 0;
  for (const [name, value] of rawPairs(decoding.text)) {
    if (++count > maxFields) return;
    if (name.length > maxNameLength || value.length > maxValueLength) continue;
    yield [unescapeField(name, undefined), () => unescapeField(value, undefined)];
  }
}

function* partPairs({ body, contentType }: SentBody): Generator<LazyPair, void> {
  const boundary = boundaryOf(body, contentType);
  if (boundary === undefined) return;
  let count = 0;
  for (const { name, fileName, bytes } of readParts(body, boundary, maxHeadBytes)) {
    if (++count > maxFields) return;
    if (fileName !== undefined || bytes.byteLength > maxValueLength) continue;
    yield [name, () => decodeLossy(bytes, undefined)];
  }
}
