import { globSync } from 'node:fs';
import { readDocument } from './documents.ts';

/** A shell block of a document. */
export interface CommandBlock {
  /** `docs/cost.md:3` */
  place: string;
  file: string;
  code: string;
  /** What the document says that it prints: the `text` block behind it. */
  output?: string;
  kind: BlockKind;
}

/**
 * How a block is checked. The first line says what it needs; without such a line it is run.
 * - `run`: in the project of the test, against its running stack
 * - `start`: starts that stack
 * - `elsewhere`: another test, or the CI, runs it (see `runElsewhere`)
 * - `folder`: in an empty folder, without its npm lines
 * - `account`, `tool`: only read: its syntax, and the commands and flags of ours
 */
type BlockKind = 'run' | 'start' | 'elsewhere' | 'folder' | 'account' | 'tool';

/** What installs or runs everything, and what runs it. */
const runElsewhere: Record<string, string> = {
  'npm ci && npm run demo': 'test/e2e/demo.test.ts; `npm ci` is in .ci/run',
  'npm ci && npm test': '.ci/run',
  'npm run bench -- simulate': 'test/bench/simulate.test.ts',
  'npm run faults -- --minutes 30 --replicas 2': 'test/faults/faults.test.ts runs shorter ones',
  'npm run faults -- --planted': 'test/faults/faults.test.ts runs some of them',
  'npm install tributary-relay': 'test/package/package.test.ts installs what `npm pack` makes',
};

/** All documents that people read, from the root of the repository. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...globSync(['docs/**/*.md', 'deploy/**/*.md']).sort(),
];

export function commandBlocks(file: string): CommandBlock[] {
  const text = readDocument(file);
  const fences =
    /^( *)```(?:sh|bash|shell|console)\n([\s\S]*?)^\1```\n(?:\n\1```text\n([\s\S]*?)^\1```)?/gm;
  return [...text.matchAll(fences)].map(({ index, 1: indent = '', 2: body = '', 3: output }) => {
    const code = dedent(body, indent);
    const line = text.slice(0, index).split('\n').length;
    return {
      place: `${file}:${line}`,
      file,
      code,
      kind: kindOf(code),
      ...(output !== undefined && { output: dedent(output, indent) }),
    };
  });
}

function dedent(text: string, indent: string): string {
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

function kindOf(code: string): BlockKind {
  const [first = ''] = code.split('\n');
  if (first === '# needs an account') return 'account';
  if (/^# needs \w+$/.test(first)) return 'tool';
  if (first === '# in an empty folder') return 'folder';
  if (commandLines(code).every((line) => line in runElsewhere)) return 'elsewhere';
  if (/^(?:npm start|npx tributary start)(?: --[\w-]+)*$/.test(code.trim())) return 'start';
  return 'run';
}

/** Its lines without comments and empty ones. */
export function commandLines(code: string): string[] {
  return code
    .split('\n')
    .map((line) => line.replace(/(?:^|\s+)# .*$/, '').trim())
    .filter((line) => line !== '');
}

/** A use of our command. */
export interface Use {
  command: string;
  /** The word behind it, which may be a command of its own: `dead-letters list`. */
  next?: string;
  flags: string[];
}

const shells = /(?:&&|\|\||[|;\n]|\$\()/;

/** Every `tributary …` and `npm start -- …` in a text of shell commands. */
export function usesIn(code: string): Use[] {
  const unquoted = code
    .replace(/<<'(\w+)'[\s\S]*?^\1$/gm, '')
    .replace(/'[^']*'|"(?:\\.|[^"\\])*"/g, "''")
    .replace(/\\\n\s*/g, ' ');
  return unquoted.split(shells).flatMap((part) => {
    const text = part
      .replace(/\s#.*$/, '')
      .replace(/^.*\bnpm start(?: --(?= ))?/, 'tributary start');
    const [, words] = /^(?:\w+=\S+ )*(?:npx )?tributary(?: (.*))?$/.exec(text.trim()) ?? [];
    if (words === undefined) return [];
    const [command = '', ...rest] = words.split(/\s+/);
    const isCommand = /^[a-z][a-z-]*$/.test(command);
    const flags = (isCommand ? rest : [command, ...rest])
      .filter((word) => /^--[a-z]/.test(word))
      .map((word) => word.replace(/=.*$/, ''));
    const [next] = rest;
    const isNext = isCommand && next !== undefined && /^[a-z][a-z-]*$/.test(next);
    return [{ command: isCommand ? command : '', flags, ...(isNext && { next }) }];
  });
}

/** The same in the inline code of a text. */
export function inlineUses(markdown: string): Use[] {
  const prose = markdown.replace(/^( *)```[\s\S]*?^\1```/gm, '');
  const inline = [...prose.matchAll(/`((?:npx )?tributary [a-z][^`…]*|npm start[^`…]*)`/g)];
  return inline.flatMap(([, code = '']) => usesIn(code));
}
