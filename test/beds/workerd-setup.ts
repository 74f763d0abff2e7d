import { generateKeyPairSync } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import './pubsub-stand-in-script.ts';
import { startPubsubStandIn } from './pubsub-stand-in.ts';

/** Vitest's global set-up for the tests that run inside workerd, which can't start a server. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const pubsub = await startPubsubStandIn();
  project.provide('pubsub', pubsub.url);
  project.provide('account', newAccount());
  return () => pubsub.close();
}

function newAccount(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return JSON.stringify({
    client_email: 'relay@your-project.iam.gserviceaccount.com',
    private_key_id: 'key-of-the-tests',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
}
