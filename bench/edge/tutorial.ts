import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { onOneCore } from './cpu.ts';
import { type Server, toServer } from './server.ts';

/** Serves the tutorial's function with the functions framework, but only on 127.0.0.1. */
export async function startTutorial(options: {
  bigqueryPort: number;
  secret: string;
  /** On one core alone, the last one: so by default. */
  isPinned?: boolean;
}): Promise<Server> {
  const given: [string, string[]] = [process.execPath, [fileURLToPath(import.meta.url)]];
  const [command, args] = options.isPinned === false ? given : onOneCore(...given);
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      GOOGLE_CLOUD_PROJECT: 'bench-project',
      // Google's client sends no token to an emulator, so the function saves the cost of signing.
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${options.bigqueryPort}`,
      METADATA_SERVER_DETECTION: 'none',
      DN_WEBHOOK_SECRET: options.secret,
    },
  });
  const port = once(child, 'message').then(([port]) => port as number);
  return await toServer(child, "the tutorial's function", port);
}

if (import.meta.main) {
  await import('./tutorial-function.ts');
  const server = getTestServer('receive-dn-event');
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}
