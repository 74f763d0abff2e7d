import { RelayError } from '../../../shared/errors.ts';
import { redactSecret } from '../../terminal/redact-secret.ts';
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
      listed ??= list(wrangler);
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

async function list(wrangler: Wrangler): Promise<string[]> {
  const result = await wrangler.run(['secret', 'list', '--format', 'json']);
  if (isWithoutWorker(result)) return [];
  if (result.exitCode !== 0) throw failed(result);
  return (JSON.parse(result.stdout) as { name: string }[]).map(({ name }) => name);
}

function isWithoutWorker({ exitCode, output }: WranglerResult): boolean {
  return exitCode !== 0 && /code: 10007|does not exist|not found/i.test(output);
}

function failed(result: WranglerResult, secret = ''): RelayError {
  const problem = isLoginProblem(result)
    ? 'wrangler has no access to Cloudflare'
    : `wrangler: ${redactSecret(problemIn(result), secret)}`;
  return new RelayError('wrangler.failed', problem);
}
