import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/operate/logs.md');

function sources(folder: string): string[] {
  const listed = execFileSync('git', ['ls-files', '--', folder], { encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((file) => file.endsWith('.ts'))
    .map(readDocument);
}

function found(texts: readonly string[], ...patterns: RegExp[]): string[] {
  const names = texts.flatMap((text) =>
    patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = '']) => name)),
  );
  return [...new Set(names)].sort();
}

/** The names in backticks in the first cells of a table. */
function named(heading: string): string[] {
  const cells = tableRows(page, heading).map(([cell = '']) => cell);
  return found(cells, /`([^`]+)`/g);
}

/** The members of an interface. */
function membersOf(file: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(readDocument(file)) ??
    [];
  return found([body], /^ {2}(\w+)\??:/gm);
}

describe('the edge', () => {
  const worker = sources('worker');
  const outcomes = found(worker, /\boutcome: '([a-z-]+)'/g);

  it('has the outcomes that the page lists', () => {
    const listed = [...named('| outcome | status |'), ...named('| outcome | |')].sort();
    expect(listed).toEqual(outcomes);
  });

  it('has the fields that the page lists', () => {
    const fields = [
      ...membersOf('worker/outcome.ts', 'Facts'),
      ...membersOf('worker/report/log.ts', 'LogLine'),
    ].sort();
    expect(named('| field of a line of the edge')).toEqual(fields);
  });

  it('has the causes that the page lists', () => {
    const [, verdicts = ''] =
      /export type Cause =\n([\s\S]*?);/.exec(
        readDocument('shared/signatures/verify/verdict.ts'),
      ) ?? [];
    const causes = [
      ...found(worker, /\bcause: '([a-z-]+)'/g, /\bcause = [^;]*?'([a-z-]+)'/g),
      ...found(worker, /: '(pubsub-[a-z]+)';/g),
      ...found([verdicts], /'([a-z-]+)'/g),
    ];
    const listed = new Set(named('| cause | what it means'));
    expect(
      [...new Set(causes)].filter((cause) => cause !== 'unexpected' && !listed.has(cause)),
    ).toEqual([]);
    const all = [...worker, readDocument('shared/signatures/verify/verdict.ts')].join('\n');
    const unknown = [...listed].filter((cause) => !all.includes(`'${cause}'`));
    expect(unknown).toEqual(['pubsub-<status>', 'unexpected …']);
  });
});

describe('the subscriber', () => {
  const files = sources('subscriber');
  /** What is logged, as object literals. */
  const entries = files.flatMap((text) =>
    [...text.matchAll(/\{\s*severity: ?[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g)].map(([entry]) => entry),
  );

  it('has the messages that the page lists', () => {
    const literals = found(
      [...entries, ...files.map(messageConstants)],
      /'((?:[a-zA-Z][^'\n]* [^'\n]*))'/g,
    );
    const listed = named('| message | severity |');
    expect(literals.filter((text) => !listed.includes(text))).toEqual([]);
    const all = files.join('\n');
    expect(listed.filter((text) => !all.includes(`'${text}'`))).toEqual([]);
    expect(entries.length).toBeGreaterThan(10);
  });

  it('has the fields that the page lists', () => {
    const common = new Set(['severity', 'message', 'time']);
    const withoutTexts = entries.map((entry) => entry.replace(/'[^'\n]*'/g, "''"));
    const used = found(withoutTexts, /[{,]\s*(?:\.\.\.[^,]*,\s*)*([a-z_]+)(?=[:,\s}])/g).filter(
      (name) => !common.has(name),
    );
    const listed = named('| field of a line of the subscriber');
    expect(used.filter((name) => !listed.includes(name))).toEqual([]);
    expect(used.length).toBeGreaterThan(10);
  });
});

/** `const message = '…'` and its alternatives, which an entry takes by its name. */
function messageConstants(text: string): string {
  return [...text.matchAll(/^\s*const message =[^;]*;\n(?=[\s\S]{0,120}severity)/gm)].join('\n');
}
