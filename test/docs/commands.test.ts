import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWith } from '../e2e/tools.ts';
import {
  type CommandBlock,
  commandBlocks,
  commandLines,
  documents,
  inlineUses,
  usesIn,
} from './command-blocks.ts';
import { helpOf } from './command-help.ts';
import { DocsProject } from './docs-project.ts';
import { readDocument } from './documents.ts';

// Every command of every document: run, or read where it needs an account (its first line says so).

const blocks = documents.flatMap(commandBlocks);
const ofKind = (...kinds: CommandBlock['kind'][]) =>
  blocks.filter(({ kind }) => kinds.includes(kind));
const titles = (some: readonly CommandBlock[]) =>
  some.map((block) => [`${block.place}: ${commandLines(block.code)[0]}`, block] as const);

/** What no account is needed for is to be run. */
const foreign = /^(?:\w+=\S+ )*(?:npx )?(?:gcloud|bq|gsutil|terraform|kubectl|docker|wrangler)\b/;

describe.each(documents)('%s', (file) => {
  const own = blocks.filter((block) => block.file === file);

  it('names only commands that there are, with flags that they have', { timeout: 120_000 }, () => {
    const uses = [...inlineUses(readDocument(file)), ...own.flatMap(({ code }) => usesIn(code))];
    const wrong = uses.flatMap(({ command, next, flags }) => {
      const ofAll = helpOf(command);
      if (ofAll === '') return [command];
      const isNext = next !== undefined && new RegExp(`^ {2}${next} `, 'm').test(ofAll);
      const help = isNext ? helpOf(`${command} ${next}`) : ofAll;
      const lacking = flags.filter((flag) => !new RegExp(`${flag}(?![\\w-])`).test(help));
      return lacking.map((flag) => `${command} ${flag}`);
    });
    expect(wrong).toEqual([]);
  });

  it('says of each block with other tools that it needs them', () => {
    const unmarked = own
      .filter(({ kind }) => kind === 'run' || kind === 'folder')
      .filter(({ code }) => commandLines(code).some((line) => foreign.test(line)));
    expect(unmarked.map(({ place }) => place)).toEqual([]);
  });
});

describe('what is only read', () => {
  it.each(titles(ofKind('account', 'tool')))('%s: bash can parse it', (_, { code }) => {
    const { status, stderr } = spawnSync('bash', ['-n', '-c', code], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('what is run', { timeout: 60_000 }, () => {
  let project: DocsProject;

  beforeAll(async () => {
    project = await DocsProject.start();
  }, 120_000);

  afterAll(async () => {
    await project?.stop();
  });

  for (const [title, block] of titles(ofKind('run'))) {
    itWith(['bash', ...toolsOf(block.code)], title, async () => {
      const { code, output } = block;
      if (output !== undefined) {
        // A row comes a second after the answer: the query is asked again until it is there.
        const printed = async () => {
          const { status, stdout } = await project.run(code);
          return { status, stdout };
        };
        await expect.poll(printed, { timeout: 40_000 }).toEqual({ status: 0, stdout: output });
        return;
      }
      const ran = await project.run(code);
      expect(ran).toMatchObject({ status: 0 });
      const statuses = ran.stdout.match(/^HTTP\/1\.1 .*/gm) ?? [];
      expect(statuses.filter((line) => !/ 2\d\d /.test(line))).toEqual([]);
    });
  }

  it.each(titles(ofKind('folder')))('%s (in an empty folder)', async (_, { code }) => {
    const own = commandLines(code).filter((line) => !line.startsWith('npm '));
    expect(await project.run(own.join('\n'), { isOwnFolder: true })).toMatchObject({ status: 0 });
  });
});

/** What a block needs of the machine, besides the shell. */
function toolsOf(code: string): string[] {
  return ['curl', 'openssl'].filter((tool) => code.includes(`${tool} `));
}
