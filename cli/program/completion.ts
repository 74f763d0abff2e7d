import { Argument, Command } from 'commander';
import { type CompletedCommand, completionScripts } from './completion-scripts.ts';

const shells = Object.keys(completionScripts) as (keyof typeof completionScripts)[];

/** @param loadProgram loads the program with all its commands */
export function completionCommand(loadProgram: () => Promise<Command>): Command {
  return new Command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText(
      'after',
      `
bash: add to ~/.bashrc  source <(npx tributary completion bash)
zsh:  add to ~/.zshrc   source <(npx tributary completion zsh)
fish: npx tributary completion fish > ~/.config/fish/completions/tributary.fish`,
    )
    .action(async (shell: keyof typeof completionScripts) => {
      const { commands } = await loadProgram();
      process.stdout.write(completionScripts[shell](commands.map(toCompleted)));
    });
}

function toCompleted(command: Command): CompletedCommand {
  const help = command.createHelp();
  return {
    name: command.name(),
    about: command.description(),
    options: help
      .visibleOptions(command)
      .flatMap(({ long, description, required, argChoices }) =>
        long === undefined || long === null
          ? []
          : [{ name: long, about: description, takesValue: required, choices: argChoices ?? [] }],
      ),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}
