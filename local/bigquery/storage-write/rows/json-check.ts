const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|.)/g;
const MAX_DEPTH = 500;

/** Why BigQuery refuses this text for a JSON column, or undefined. */
export function findJsonFault(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not valid JSON';
  }
  if (text.includes('\\u') && hasLoneSurrogate(text)) return 'an escape is a lone surrogate';
  if (text.length > MAX_DEPTH * 2 && isDeeper(value, MAX_DEPTH))
    return `deeper than ${MAX_DEPTH} levels`;
  return undefined;
}

/** With every escape but the surrogates' made plain, the text must be well-formed UTF-16. */
function hasLoneSurrogate(text: string): boolean {
  const plain = text.replace(ESCAPE, (_, hex: string | undefined) =>
    hex === undefined ? '-' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return !plain.isWellFormed();
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
