import { dirname, join, relative } from 'node:path';
import { completeSecrets } from '../../local/secrets.ts';
import type { Stack } from '../../local/stack.ts';
import type { Relay } from '../../shared/config/config.ts';
import { reloadRelay } from '../../subscriber/service/load-relay.ts';
import { describeFinding } from '../check/describe-finding.ts';
import type { Finding } from '../check/finding.ts';
import { runChecks } from '../check/run-checks.ts';
import { describeError } from '../terminal/error-text.ts';
import { type Watch, watchContents } from './watch-contents.ts';

export interface FollowOptions {
  config: string;
  secretsFile: string;
  relay: Relay;
  stack: Stack;
  say: (text: string) => void;
  /** Called after each restart: a port may be another one. */
  onRestart: () => void;
}

/**
 * Follows tributary.config.ts, wrangler.toml and the secrets: at a change it restarts what reads them, and says so.
 * While the config has a problem, the relay goes on with the one before.
 */
export function followConfig(options: FollowOptions): Watch {
  const { config, secretsFile, say } = options;
  const wrangler = join(dirname(config), 'wrangler.toml');
  let relay = options.relay;
  let done = Promise.resolve();
  const watch = watchContents([config, wrangler, secretsFile], (changed) => {
    done = done.then(async () => {
      try {
        relay = (await reload(options, relay, changed, wrangler, watch)) ?? relay;
      } catch (error) {
        process.stderr.write(describeError(error));
        say('The change was not taken over. Save a file again to try once more.');
      }
    });
  });
  return watch;
}

/** The relay that is running now; absent if it is the one before. */
async function reload(
  { secretsFile, stack, say, onRestart }: FollowOptions,
  before: Relay,
  changed: readonly string[],
  wrangler: string,
  watch: Watch,
): Promise<Relay | undefined> {
  const names = changed.map((file) => relative(process.cwd(), file)).join(', ');
  const { relay, problems, warnings } = await runChecks(secretsFile, reloadRelay);
  for (const problem of problems) process.stderr.write(describeFinding('error', problem));
  if (!relay || problems.some(stopsEdge)) {
    say(`${names} changed and has problems: the relay goes on as before.`);
    return undefined;
  }
  for (const warning of warnings.filter(({ file }) => file === secretsFile)) {
    process.stderr.write(describeFinding('warning', warning));
  }
  const { secrets, added } = completeSecrets(secretsFile, relay);
  // The file has changed, but not by the user.
  if (added.length > 0) watch.accept();
  if (added.length > 0) say(`${secretsFile}: generated ${added.join(', ')}`);
  const isEdgeAlone = changed.every((file) => file === wrangler);
  say(`${names} changed: restarting ${isEdgeAlone ? 'the edge' : 'the subscriber and the edge'} …`);
  await stack.restart({ relay, secrets, isEdgeAlone });
  onRestart();
  say(['Restarted.', ...describeStreams(before, relay)].join(' '));
  return relay;
}

/** Problems of wrangler.toml with which the Worker can't be bundled. The others concern a deployment. */
function stopsEdge({ file, path }: Finding): boolean {
  return file.endsWith('wrangler.toml') && (path === '' || path === 'main');
}

function describeStreams(before: Relay, now: Relay): string[] {
  const added = [...now.streams.keys()].filter((name) => !before.streams.has(name));
  const removed = [...before.streams.keys()].filter((name) => !now.streams.has(name));
  return [
    ...(added.length > 0 ? [`New: ${added.join(', ')} (npx tributary send ${added[0]}).`] : []),
    ...(removed.length > 0 ? [`Gone: ${removed.join(', ')}.`] : []),
  ];
}
