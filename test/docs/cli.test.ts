import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { loadProgram } from '../../cli/program/commands.ts';

/** The help as it is printed, 80 columns wide, wherever the test runs. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}

function sectionOf(command: Command): string {
  return `## ${command.name()}

\`\`\`text
${helpOf(command)}
\`\`\``;
}

it('docs/cli.md is made of the help of every command', async () => {
  const program = await loadProgram();
  const page = `# Commands

Made by \`test/docs/cli.test.ts\` from the help of each command: after a change run \`npx vitest run --project node test/docs -u\`.

\`npx tributary <command>\`, in the folder of the config or in one below it.

- \`--json\` prints one JSON document on standard output and nothing else there; if the command fails, \`{ "ok": false, "error": { "code", "message", "remedy" } }\`. Notices and progress go to standard error.
- \`--quiet\` prints only the result and errors.
- The exit code is 0 if everything is done, 1 if the command failed or found something (a problem in \`check\`, rejected lines in \`import\` and \`backfill\`, missing rows in \`reconcile\`, a refused delivery in \`send\`), and 2 if it was used wrongly.
- Colours are used on a terminal only, and never if \`NO_COLOR\` is set.
- [errors.md](errors.md) lists the codes of all errors.

\`\`\`text
${helpOf(program)}
\`\`\`

${program.commands.map(sectionOf).join('\n\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/cli.md');
});

it('every command explains itself and its options within 80 columns', async () => {
  const { commands } = await loadProgram();
  for (const command of commands) {
    expect(command.description()).not.toBe('');
    for (const option of command.options.filter(({ hidden }) => !hidden)) {
      expect(option.description, `${command.name()} ${option.flags}`).not.toBe('');
    }
    const widest = Math.max(
      ...helpOf(command)
        .split('\n')
        .map(({ length }) => length),
    );
    expect(widest, command.name()).toBeLessThanOrEqual(82);
  }
});
