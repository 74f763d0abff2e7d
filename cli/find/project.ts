import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { projectFolder, useConfig } from '../../subscriber/service/find-config.ts';

/** Options whose default stands beside the config, wherever in the project the command is run. */
const besideConfig = ['state', 'secrets', 'data'];

/** Adds `--config` to a command, and finds the config and what stands beside it before the command runs. */
export function addConfigOption(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'config file (default: tributary.config.ts here or in a folder above)',
    )
    .hook('preAction', (_, running) => {
      const { config } = running.opts<{ config?: string }>();
      if (config !== undefined) useConfig(config);
      for (const option of besideConfig) {
        if (running.getOptionValueSource(option) !== 'default') continue;
        const name = String(running.getOptionValue(option));
        const file = relative(process.cwd(), join(projectFolder(), name));
        running.setOptionValueWithSource(option, file, 'default');
      }
    });
}
