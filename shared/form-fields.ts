/**
 * The fields of an urlencoded form, in the order in which they come, each with its distinct values: Twilio's
 * signature does not tell a value from the same one twice, so that nothing else may either.
 *
 * In one pass: it is read before it is verified, and to look each name up would take a minute for a megabyte.
 */
export function formFields(form: string): ReadonlyMap<string, ReadonlySet<string>> {
  const fields = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(form)) {
    const values = fields.get(name);
    if (values) values.add(value);
    else fields.set(name, new Set([value]));
  }
  return fields;
}

/** A form as a JSON object of texts, as raw text; a name with several has an array of them. */
export function formJson(form: string): string {
  const members = [...formFields(form)].map(([name, distinct]) => {
    const values = [...distinct];
    return `${JSON.stringify(name)}:${JSON.stringify(values.length === 1 ? values[0] : values)}`;
  });
  return `{${members.join(',')}}`;
}
