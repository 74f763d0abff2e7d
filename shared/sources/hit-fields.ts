import { formMembers } from '../formats/form.ts';
import { joinMembers } from '../formats/form-payload.ts';
import { beginsAsJson, formatOf, inUtf8, isDeclaredForm, readAs } from '../formats/read-body.ts';
import type { SentBody } from '../formats/sent-body.ts';

const formats = ['json', 'form', 'multipart', 'text'] as const;

/** A hit, as far as its fields need it. */
type Hit = SentBody & { query?: string | undefined };

/**
 * What a CRM's hit says, as JSON text: its form or JSON body, and the query around it; of a name in both, what the
 * body says. Undefined where it says nothing in either: XML, or words.
 */
export function hitFields(hit: Hit): string | undefined {
  const said = bodyFields(hit);
  const query = hit.method === 'GET' ? undefined : hit.query;
  if (!query) return said;
  const joining = formMembers(query);
  if (said === undefined) return joining.size > 0 ? joining.toJson() : undefined;
  // An array has no members.
  return /^\s*\{/.test(said) ? joinMembers(said, joining) : said;
}

function bodyFields(hit: Hit): string | undefined {
  if (hit.body.byteLength === 0) return undefined;
  const sent = inUtf8(hit);
  const format = formatOf(sent, formats);
  // A number is JSON too, and has no fields.
  if (format === 'text' || (format === 'json' && !beginsAsJson(sent.body))) return undefined;
  if (format === 'form' && !mayBeForm(sent)) return undefined;
  const reading = readAs(format, sent);
  return reading.ok ? reading.text : undefined;
}

/** A query string comes without a type. curl says of whatever it posts that it is a form. */
function mayBeForm({ contentType, method }: SentBody): boolean {
  return method === 'GET' || contentType === undefined || isDeclaredForm(contentType);
}
