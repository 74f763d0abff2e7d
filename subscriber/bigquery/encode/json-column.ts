import { JsonText } from '../../../shared/json/json-text.ts';
import { isJson } from '../../../shared/json/json-valid.ts';

/** BigQuery's documented limit: https://cloud.google.com/bigquery/docs/json-data#limitations */
const MAX_DEPTH = 500;

const encoder = new TextEncoder();

export type JsonFault = 'lone-surrogate' | 'not-json' | 'too-deep';

/** Why BigQuery would not take this for a JSON column; undefined if it would. */
export function jsonFault(json: string | JsonText): JsonFault | undefined {
  const isKnown = json instanceof JsonText;
  const text = isKnown ? json.text : json;
  if (!text.isWellFormed()) return 'lone-surrogate';
  if (!isKnown && !isJson(encoder.encode(text))) return 'not-json';
  if (findLoneEscape(text, 0) !== -1) return 'lone-surrogate';
  return isTooDeep(text) ? 'too-deep' : undefined;
}

/**
 * The nearest text that BigQuery takes: lone surrogates become U+FFFD, and a text that is too deep becomes a JSON
 * string of itself, with every escape as it was written. Everything else stays, digit for digit. Undefined if the
 * text is not JSON.
 */
export function repairJson(json: string | JsonText): JsonText | undefined {
  const text = String(json).toWellFormed();
  if (!(json instanceof JsonText) && !isJson(encoder.encode(text))) return undefined;
  return new JsonText(isTooDeep(text) ? JSON.stringify(text) : replaceLoneEscapes(text));
}

function replaceLoneEscapes(text: string): string {
  let repaired = '';
  let end = 0;
  for (let at = findLoneEscape(text, 0); at !== -1; at = findLoneEscape(text, end)) {
    repaired += `${text.slice(end, at)}\\ufffd`;
    end = at + ESCAPE_LENGTH;
  }
  return repaired + text.slice(end);
}

/** Every level takes two brackets: the depth is only counted where there are enough of them. */
export function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH * 2) return false;
  const opened = countTo(MAX_DEPTH, text, '{') + countTo(MAX_DEPTH, text, '[');
  return opened > MAX_DEPTH && depth(text) > MAX_DEPTH;
}

/** How often a character occurs in a text; stops counting at `limit` + 1. */
function countTo(limit: number, text: string, char: string): number {
  let count = 0;
  for (let at = text.indexOf(char); at !== -1 && count <= limit; at = text.indexOf(char, at + 1)) {
    count++;
  }
  return count;
}

const ESCAPE_LENGTH = '\\ud83d'.length;

/**
 * The index of the first escape of a lone surrogate, or -1. Expects valid JSON, where a backslash occurs only in
 * strings and `\u` has four digits.
 */
function findLoneEscape(text: string, from: number): number {
  let high = -1;
  for (let at = text.indexOf('\\', from); at !== -1; at = text.indexOf('\\', at)) {
    const isBehindHigh = high !== -1 && high + ESCAPE_LENGTH === at;
    if (high !== -1 && !isBehindHigh) return high;
    const isUnicode = text[at + 1] === 'u';
    const unit = isUnicode ? Number.parseInt(text.slice(at + 2, at + ESCAPE_LENGTH), 16) : 0;
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isBehindHigh && !isLow) return high;
    if (isLow && !isBehindHigh) return at;
    high = unit >= 0xd800 && unit <= 0xdbff ? at : -1;
    at += isUnicode ? ESCAPE_LENGTH : 2;
  }
  return high;
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
