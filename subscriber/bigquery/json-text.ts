import { JsonText } from '../../shared/json-text.ts';
import { isJson } from '../../shared/json-valid.ts';

/** BigQuery's documented limit: https://cloud.google.com/bigquery/docs/json-data#limitations */
const MAX_DEPTH = 500;

const encoder = new TextEncoder();

/** Says why BigQuery would not take this for a JSON column, or undefined when it would. */
export function jsonProblem(json: string | JsonText): string | undefined {
  const isKnown = json instanceof JsonText;
  const text = isKnown ? json.text : json;
  if (!text.isWellFormed()) return 'holds a lone surrogate';
  if (!isKnown && !isJson(encoder.encode(text))) return 'is not JSON';
  if (escapesLoneSurrogate(text)) return 'holds the escape of a lone surrogate';
  return isTooDeep(text) ? `is nested more than ${MAX_DEPTH} levels deep` : undefined;
}

/** Every level takes an opening and a closing bracket: where there are too few, levels need not be counted. */
function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH * 2) return false;
  const opened = countTo(MAX_DEPTH, text, '{') + countTo(MAX_DEPTH, text, '[');
  return opened > MAX_DEPTH && depth(text) > MAX_DEPTH;
}

/** How often a character stands in a text; those past the `limit` are not counted, but for one. */
function countTo(limit: number, text: string, char: string): number {
  let count = 0;
  for (let at = text.indexOf(char); at !== -1 && count <= limit; at = text.indexOf(char, at + 1)) {
    count++;
  }
  return count;
}

/** Expects valid JSON, where a backslash stands in strings alone and `\u` has four digits. */
function escapesLoneSurrogate(text: string): boolean {
  let wantsLow = -1;
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at)) {
    if (wantsLow !== -1 && wantsLow !== at) return true;
    const unit = text[at + 1] === 'u' ? Number.parseInt(text.slice(at + 2, at + 6), 16) : 0;
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow !== (wantsLow === at)) return true;
    at += text[at + 1] === 'u' ? 6 : 2;
    wantsLow = unit >= 0xd800 && unit <= 0xdbff ? at : -1;
  }
  return wantsLow !== -1;
}

function depth(text: string): number {
  let open = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString && unit === 0x5c) at++;
    else if (unit === 0x22) inString = !inString;
    else if (inString) continue;
    else if (unit === 0x5b || unit === 0x7b) deepest = Math.max(deepest, ++open);
    else if (unit === 0x5d || unit === 0x7d) open--;
  }
  return deepest;
}
