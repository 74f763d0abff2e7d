import { readJsonText } from '../json/json-body.ts';
import { isJson, spaceEnd, textStart } from '../json/json-valid.ts';
import type { BodyFormat, BodyText, SentBody } from './body-formats.ts';
import { formMembers, joinPayload, looksLikeForm } from './form.ts';
import { charsetOf } from './media-type.ts';
import { boundaryOf, multipartMembers } from './multipart.ts';
import { type Decoding, decodeText, decodeUnmarked, markedCharset, withoutMarks } from './text.ts';

type Reader = (sent: SentBody) => BodyText;

const openObject = 0x7b;
const openArray = 0x5b;
const lessThan = 0x3c;
const dash = 0x2d;

/** Enough to recognise how a body begins. */
const glanceBytes = 1024;

const oneByteDecoder = new TextDecoder('windows-1252');

const readers: Readonly<Record<BodyFormat | 'lines', Reader>> = {
  json: readJson,
  lines: readLines,
  form: (sent) => readForm(sent, false),
  'form-payload': (sent) => readForm(sent, true),
  multipart: readMultipart,
  text: readText,
};

/**
 * Reads the whole body in its format, which is one of those that are taken.
 *
 * @param inLines its JSON may be several documents, one a line: they become an array
 */
export function readBody(sent: SentBody, taken: readonly BodyFormat[], inLines = false): BodyText {
  if (sent.body.byteLength === 0) return { ok: false, problem: 'empty' };
  const utf8 = inUtf8(sent);
  const format = formatOf(utf8, taken);
  return readAs(format === 'json' && inLines ? 'lines' : format, utf8);
}

export function readAs(format: BodyFormat | 'lines', sent: SentBody): BodyText {
  return readers[format](sent);
}

/** Whether it begins as a JSON object or array. Then it is JSON, or broken, whatever its Content-Type. */
export function beginsAsJson(body: Uint8Array): boolean {
  const first = body[spaceEnd(body, textStart(body))];
  return first === openObject || first === openArray;
}

/**
 * The format of a body. Its bytes decide first, because a signature covers them. The Content-Type, which nobody signs,
 * decides only where the bytes do not. Decision 15 says why.
 */
export function formatOf(sent: SentBody, taken: readonly BodyFormat[]): BodyFormat {
  const takes = (format: BodyFormat) => taken.includes(format);
  const form = takes('form-payload') ? 'form-payload' : 'form';
  const takesForm = takes(form);
  const [other, ...others] = taken.filter((format) => format !== form && format !== 'form');
  if (sent.method === 'GET' || other === undefined) return form;
  if (others.length === 0 && !takesForm) return other;
  if (takes('json') && beginsAsJson(sent.body)) {
    // `[a]=1` is a form. For the rest the reader reports the error.
    const isForm = takesForm && isWrittenAsForm(sent);
    const isText = takes('text') && !isForm && declares(sent, 'text');
    return (isForm || isText) && !readJson(sent).ok ? (isForm ? form : 'text') : 'json';
  }
  const start = spaceEnd(sent.body, textStart(sent.body));
  if (takes('text') && sent.body[start] === lessThan) return 'text';
  if (takes('multipart') && sent.body[start] === dash && sent.body[start + 1] === dash) {
    return 'multipart';
  }
  if (takesForm && isWrittenAsForm(sent)) return form;
  if (takes('multipart') && declares(sent, 'multipart')) return 'multipart';
  if (takes('text') && !(takes('json') && (declares(sent, 'json') || readJson(sent).ok))) {
    return 'text';
  }
  return takes('json') ? 'json' : other;
}

function declares({ contentType = '' }: SentBody, format: 'json' | 'multipart' | 'text'): boolean {
  const type = contentType.toLowerCase();
  if (format === 'multipart') return type.startsWith('multipart/');
  const isJson = /^application\/([^;\s]*\+)?json\b/.test(type);
  return format === 'json' ? isJson : type !== '' && !isJson;
}

/** Some senders leave blanks or quotes in a name. Then the Content-Type distinguishes a form from a sentence. */
function isWrittenAsForm({ body, contentType }: SentBody): boolean {
  // The first byte is enough for most bodies: nothing is decoded.
  if (body[textStart(body)] === openObject) return false;
  const beginning = glance(body, glanceBytes);
  if (looksLikeForm(beginning)) return true;
  return isDeclaredForm(contentType) && /^\s*[^\s<>{}[\]"][^<>{}"]*=/.test(beginning);
}

export function isDeclaredForm(contentType = ''): boolean {
  return contentType.toLowerCase().startsWith('application/x-www-form-urlencoded');
}

/** Bytes in a charset that is not a superset of ASCII are decoded first: otherwise their format can't be recognised. */
export function inUtf8(sent: SentBody): SentBody {
  const { body } = sent;
  const charset = charsetOf(sent.contentType);
  const mayBeWide = markedCharset(body) !== undefined || body.subarray(0, 2).includes(0);
  if (!mayBeWide && !charset?.toLowerCase().startsWith('iso-2022')) return sent;
  const decoding = decodeUnmarked(body, charset);
  return decoding.ok ? { ...sent, body: new TextEncoder().encode(decoding.text) } : sent;
}

function readJson({ body, contentType }: SentBody): BodyText {
  return readJsonText(body, contentType);
}

function readText({ body, contentType }: SentBody): BodyText {
  const decoding = withoutMarks(decodeDocument(body, contentType));
  return decoding.ok ? { ok: true, text: JSON.stringify(decoding.text) } : decoding;
}

/** XML, or any other text: in the charset that it declares itself, or else in that of its Content-Type. */
export function decodeDocument(body: Uint8Array, contentType: string | undefined): Decoding {
  const own = xmlCharset(body);
  const declared = charsetOf(contentType);
  const decoding = decodeText(body, own ?? declared);
  if (decoding.ok || own === undefined || declared === undefined) return decoding;
  const other = decodeText(body, declared);
  return other.ok ? other : decoding;
}

/** XML declares its charset itself (XML 1.0, section 4.3.3). */
function xmlCharset(body: Uint8Array): string | undefined {
  if (body[textStart(body)] !== lessThan) return undefined;
  return /^<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(glance(body, 256))?.[1];
}

/** The first bytes after the byte order marks, each as one character. */
function glance(body: Uint8Array, length: number): string {
  const start = textStart(body);
  return oneByteDecoder.decode(body.subarray(start, start + length));
}

function readForm({ body, contentType }: SentBody, unwraps: boolean): BodyText {
  const charset = charsetOf(contentType);
  const decoding = decodeUnmarked(body, charset);
  if (!decoding.ok) return { ok: false, problem: `${decoding.problem}, not a form` };
  const members = formMembers(decoding.text, charset);
  if (members.size === 0) return { ok: false, problem: 'empty, not a form' };
  const text = (unwraps ? joinPayload(members) : undefined) ?? members.toJson();
  return { ok: true, text };
}

function readMultipart({ body, contentType }: SentBody): BodyText {
  const boundary = boundaryOf(body, contentType);
  if (boundary === undefined) return { ok: false, problem: 'multipart without a boundary' };
  const members = multipartMembers(body, boundary, charsetOf(contentType));
  if (!members) return { ok: false, problem: 'multipart that is cut or broken' };
  if (members.size === 0) return { ok: false, problem: 'empty, not a form' };
  return { ok: true, text: members.toJson() };
}

const encoder = new TextEncoder();

/**
 * Lines of JSON as one array. Empty lines are skipped. A body that is one document over several lines is one event: some
 * senders pretty-print a single event.
 */
function readLines({ body, contentType }: SentBody): BodyText {
  const decoding = decodeUnmarked(body, charsetOf(contentType));
  if (!decoding.ok) return decoding;
  const lines: string[] = [];
  for (const [index, line] of decoding.text.split('\n').entries()) {
    const json = line.trim();
    if (json === '') continue;
    if (!isJson(encoder.encode(json))) {
      const whole = readJsonText(body, contentType);
      if (whole.ok) return { ok: true, text: `[${whole.text}]` };
      return { ok: false, problem: `not JSON in its line ${index + 1}` };
    }
    lines.push(json);
  }
  if (lines.length === 0) return { ok: false, problem: 'empty' };
  return { ok: true, text: `[${lines.join(',')}]` };
}
