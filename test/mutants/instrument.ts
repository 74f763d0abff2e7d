import type { Mutant } from './find-mutants.ts';

/**
 * The file with all its mutants in it, each behind a switch: so a file is compiled once, however many mutants it
 * has.
 */
export function instrument(text: string, mutants: readonly Mutant[]): string {
  const outermost = mutants.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const head = 'const __is = (id) => globalThis.__mutants?.is(id) ?? false;';
  return head + render(text, 0, text.length, outermost);
}

function render(text: string, from: number, to: number, mutants: readonly Mutant[]): string {
  let out = '';
  let at = from;
  for (let next = 0; next < mutants.length; ) {
    const [first] = mutants.slice(next, next + 1);
    if (!first) break;
    let last = next + 1;
    while (last < mutants.length && (mutants[last]?.start ?? to) < first.end) last++;
    const inside = mutants.slice(next, last);
    const here = inside.filter(({ start, end }) => start === first.start && end === first.end);
    const inner = inside.filter((mutant) => !here.includes(mutant));
    const original = render(text, first.start, first.end, inner);
    out += text.slice(at, first.start) + switched(here, original);
    at = first.end;
    next = last;
  }
  return out + text.slice(at, to);
}

function switched(mutants: readonly Mutant[], original: string): string {
  const statement = mutants.find(({ kind }) => kind === 'statement');
  if (statement) return `{if(!__is(${statement.id})){${original}}}`;
  // What replaces it may end in a comment: hence the new line.
  const others = mutants.map(({ id, to }) => `__is(${id})?(${to}\n):`);
  return `(${others.join('')}(${original}))`;
}
