import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents } from './command-blocks.ts';
import { readDocument } from './documents.ts';

/** Generated, or the whole of a subject: they may be long. */
const long = new Set([
  'docs/cli.md',
  'docs/config.md',
  'docs/errors.md',
  'docs/sources.md',
  'docs/exports.md',
  'docs/proof.md',
  'docs/operate/logs.md',
]);
const maxLines = { 'README.md': 200, others: 120 };

interface Link {
  /** From the root of the repository. */
  target: string;
  anchor: string;
}

/** The links of a document into this repository. */
function linksOf(file: string): Link[] {
  const text = readDocument(file).replace(/^( *)```[\s\S]*?^\1```/gm, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor = ''] = link.split('#');
      return { target: path === '' ? file : normalize(join(dirname(file), path)), anchor };
    });
}

/** The anchors of the headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const headings = readDocument(file).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}

describe.each(documents)('%s', (file) => {
  it('links only to what is there', () => {
    const broken = linksOf(file).filter(
      ({ target, anchor }) =>
        !existsSync(target) || (anchor !== '' && !anchorsOf(target).has(anchor)),
    );
    expect(broken).toEqual([]);
  });

  it.skipIf(long.has(file) || file === 'CONTRIBUTING.md')('is short', () => {
    const limit = file === 'README.md' ? maxLines['README.md'] : maxLines.others;
    expect(readDocument(file).split('\n').length - 1).toBeLessThanOrEqual(limit);
  });
});

it('every document can be reached from the README', () => {
  const reached = new Set<string>();
  const next = ['README.md'];
  for (let file = next.pop(); file !== undefined; file = next.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    // A link to a folder shows its documents.
    for (const { target } of linksOf(file)) {
      next.push(...documents.filter((one) => one === target || dirname(one) === target));
    }
  }
  expect(documents.filter((file) => !reached.has(file))).toEqual([]);
});
