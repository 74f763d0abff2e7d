import { type Plan, same } from '../plan/plan.ts';
import type { ResourceOf } from '../plan/resources.ts';
import {
  installWrangler,
  isLoginProblem,
  problemIn,
  type Wrangler,
  type WranglerResult,
} from './wrangler.ts';

/** Each call of wrangler takes a second: there are few. */
export async function planQueue(
  wrangler: Wrangler | undefined,
  { name, retentionSeconds }: ResourceOf<'queue'>,
): Promise<Plan> {
  const create = queueCommand(name, retentionSeconds);
  return await planOf(wrangler, ['queues', 'info', name], create, [
    `keeps messages ${retentionSeconds / 86_400} days`,
  ]);
}

export async function planBucket(
  wrangler: Wrangler | undefined,
  { name }: ResourceOf<'bucket'>,
): Promise<Plan> {
  return await planOf(wrangler, ['r2', 'bucket', 'info', name, '--json'], bucketCommand(name), []);
}

/** The words behind `wrangler`. */
export function queueCommand(name: string, retentionSeconds: number): string[] {
  return ['queues', 'create', name, '--message-retention-period-secs', String(retentionSeconds)];
}

export function bucketCommand(name: string): string[] {
  return ['r2', 'bucket', 'create', name];
}

const missing = /does not exist|not found|no such|code: 10006|code: 11000/i;

async function planOf(
  wrangler: Wrangler | undefined,
  info: string[],
  create: string[],
  changes: string[],
): Promise<Plan> {
  if (!wrangler) {
    return {
      state: 'conflict',
      problems: ['wrangler is not installed in this project'],
      remedy: installWrangler(),
    };
  }
  const read = await wrangler.run(info);
  if (read.exitCode === 0) return same;
  if (!missing.test(read.output)) return refused(read);
  return {
    state: 'create',
    changes,
    async apply() {
      const made = await wrangler.run(create);
      if (made.exitCode !== 0) throw new Error(problemIn(made));
    },
  };
}

function refused(result: WranglerResult): Plan {
  return isLoginProblem(result)
    ? {
        state: 'conflict',
        problems: ['wrangler has no access to Cloudflare'],
        remedy: 'npx wrangler login, or set CLOUDFLARE_API_TOKEN',
      }
    : { state: 'conflict', problems: [problemIn(result)], remedy: 'run this again' };
}
