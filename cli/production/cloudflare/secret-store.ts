import { RelayError } from '../../../shared/errors.ts';
import { redactSecret } from '../../terminal/redact-secret.ts';
import { listSecrets } from './worker-secrets.ts';
import { isLoginProblem, problemIn, type Wrangler, type WranglerResult } from './wrangler.ts';

/** The secrets of the Worker at Cloudflare. Their values can be written, but not read. */
export interface SecretStore {
  /** As they were when first asked for. Empty where the Worker was never deployed. */
  names(): Promise<string[]>;
  put(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Each method throws RelayError `wrangler.failed`. */
export function openSecretStore(wrangler: Wrangler): SecretStore {
  let listed: Promise<string[]> | undefined;
  return {
    names() {
      listed ??= listSecrets(wrangler);
      return listed;
    },
    async put(name, value) {
      const result = await wrangler.run(['secret', 'put', name], { input: value });
      if (result.exitCode !== 0) throw failed(result, value);
    },
    async remove(name) {
      const result = await wrangler.run(['secret', 'delete', name]);
      if (result.exitCode !== 0) throw failed(result);
    },
  };
}

function failed(result: WranglerResult, secret = ''): RelayError {
  const problem = isLoginProblem(result)
    ? 'wrangler has no access to Cloudflare'
    : `wrangler: ${redactSecret(problemIn(result), secret)}`;
  return new RelayError('wrangler.failed', problem);
}
