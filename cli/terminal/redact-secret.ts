/** Replaces the secret in all the forms in which an edge, or a proxy before it, may have quoted it. */
export function redactSecret(text: string, secret: string): string {
  return [secret, secret.trim()]
    .flatMap(formsOf)
    .filter((form) => form !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((left, form) => left.replace(anyCase(form), '[redacted]'), text);
}

/** Unchanged, in a path, in JSON, in HTML, and in Basic credentials. */
function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    Buffer.from(secret).toString('base64'),
  ];
}

/** Percent-encoding may use either case. */
function anyCase(form: string): RegExp {
  return new RegExp(form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gi');
}
