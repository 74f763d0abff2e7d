import { expect, it } from 'vitest';
import { commandNames, helpOf } from './command-help.ts';

it('docs/cli.md is made of what the commands say', { timeout: 120_000 }, async () => {
  const names = commandNames();
  expect(names).toContain('start');
  const sections = names.map(
    (name) => `## ${name}\n\n\`\`\`text\n${helpOf(name).trimEnd()}\n\`\`\`\n`,
  );
  const page = `# Commands

Made by \`test/docs/cli.test.ts\` from each \`--help\`: after a change run \`npx vitest run --project node test/docs -u\`.

In a project: \`npx tributary <command>\`. The config is the nearest \`tributary.config.ts\`, here or in a folder above; state and secrets stand beside it.

| exit code | |
|---|---|
| 0 | done |
| 1 | it found something (rejected lines, missing rows, a failed check), or could not finish |
| 2 | it was called wrongly |

Errors have a code and a remedy: [errors.md](errors.md).

${sections.join('\n')}`;
  await expect(page).toMatchFileSnapshot('../../docs/cli.md');
});
