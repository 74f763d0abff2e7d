import { RelayError } from '../../../shared/errors.ts';
import { listSecrets, setSecretLines, workerSecrets } from '../cloudflare/worker-secrets.ts';
import { findWrangler, type Wrangler } from '../cloudflare/wrangler.ts';
import { readWranglerConfig } from '../cloudflare/wrangler-config.ts';
import { type Check, failed, skipped, sumUp } from './check.ts';
import { placeOf, relayOf } from './examination.ts';

export const edgeSecretsCheck: Check = {
  id: 'edge-secrets',
  title: 'secrets at the edge',
  needs: ['place'],
  // wrangler takes seconds to start.
  withinMs: 30_000,
  async run(examination, signal) {
    if (placeOf(examination).isLocal) {
      return skipped(`the local edge has those of ${examination.options.secrets}`);
    }
    const { folder } = examination;
    const config = readWranglerConfig(folder);
    if (!config) return skipped(`there is no wrangler.toml in ${folder}`);
    const wrangler = findWrangler(folder);
    if (!wrangler) {
      return skipped('wrangler is not installed in this project', {
        command: 'npm install --save-dev wrangler',
      });
    }
    const listed = await listUnlessLoggedOut(wrangler, signal);
    if (!listed) {
      return skipped('wrangler has no access to Cloudflare', {
        remedy: 'Log in, or set CLOUDFLARE_API_TOKEN:',
        command: 'npx wrangler login',
      });
    }
    if (listed.length === 0) {
      return failed(`Cloudflare has no secret of the Worker "${config.name}"`, {
        remedy: 'Deploy it; that sets them, too:',
        command: 'npx tributary deploy',
      });
    }
    const required = new Set([...workerSecrets(relayOf(examination)), ...config.requiredSecrets]);
    const troubles = [...required].map((name) => {
      if (listed.includes(name)) return undefined;
      const [command] = setSecretLines([name]);
      return { state: 'failed', problem: `Cloudflare lacks ${name}`, command } as const;
    });
    return sumUp(troubles, `${required.size} of the Worker "${config.name}"`);
  },
};

async function listUnlessLoggedOut(
  wrangler: Wrangler,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  try {
    return await listSecrets(wrangler, signal);
  } catch (error) {
    if (error instanceof RelayError && error.code === 'wrangler.login') return undefined;
    throw error;
  }
}
