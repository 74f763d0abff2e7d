import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateFolder } from '../../../local/parts/private-files.ts';
import { type Plan, same } from '../plan/plan.ts';
import type { ResourceOf } from '../plan/resources.ts';
import type { GoogleApis } from './google-apis.ts';
import { codeOf, isMissing, unlessExists } from './google-errors.ts';
import { untilVisible } from './until-visible.ts';

const firstPauseMs = 200;
const longestPauseMs = 4000;
const enabledWithinMs = 120_000;

/** An API takes some seconds to enable; the call says when. */
export async function planApi(
  google: GoogleApis,
  { name }: ResourceOf<'api'>,
  project: string,
): Promise<Plan> {
  const path = `/v1/projects/${project}/services/${name}`;
  const { state } = await google.call<{ state?: string }>('serviceUsage', 'GET', path);
  if (state === 'ENABLED') return same;
  return {
    state: 'update',
    changes: ['enables it'],
    async apply() {
      let operation = await google.call<Operation>('serviceUsage', 'POST', `${path}:enable`, {});
      const until = performance.now() + enabledWithinMs;
      for (let pauseMs = firstPauseMs; !operation.done; pauseMs *= 2) {
        if (performance.now() > until) break;
        await sleep(Math.min(pauseMs, longestPauseMs));
        operation = await google.call('serviceUsage', 'GET', `/v1/${operation.name}`);
      }
      if (operation.error) throw new Error(operation.error.message);
      if (!operation.done) throw new Error('Google is still enabling it: run it again in a minute');
    },
  };
}

interface Operation {
  name: string;
  done?: boolean;
  error?: { message: string };
}

export async function planAccount(
  google: GoogleApis,
  { name, email, title }: ResourceOf<'service-account'>,
  project: string,
): Promise<Plan> {
  const accounts = `/v1/projects/${project}/serviceAccounts`;
  const account = await orMissing(
    google.call<{ disabled?: boolean }>('iam', 'GET', `${accounts}/${email}`),
  );
  if (account?.disabled) {
    return {
      state: 'conflict',
      problems: ['it is disabled'],
      remedy: `gcloud iam service-accounts enable ${email} --project=${project}`,
    };
  }
  if (account) return same;
  return {
    state: 'create',
    changes: [],
    async apply() {
      const body = { accountId: name, serviceAccount: { displayName: title } };
      await unlessExists(google.call('iam', 'POST', accounts, body));
    },
  };
}

/** The part of a key that is no secret. */
interface KeyFile {
  private_key_id: string;
  client_email: string;
}

/** Undefined where there is no file, or another's. */
function readKeyFile(file: string): KeyFile | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const key = JSON.parse(readFileSync(file, 'utf8')) as Partial<KeyFile>;
    const { private_key_id, client_email } = key;
    return private_key_id && client_email ? { private_key_id, client_email } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The Worker's key, in a file of the user's alone until `deploy` has given it to Cloudflare. An account with a
 * key needs no other: where the file is gone, Cloudflare has it.
 */
export async function planKey(
  google: GoogleApis,
  { name: email }: ResourceOf<'key'>,
  { project, file, isRotating }: { project: string; file: string; isRotating: boolean },
): Promise<Plan> {
  const path = `/v1/projects/${project}/serviceAccounts/${email}/keys`;
  const listed = await orMissing(
    google.call<{ keys?: { name: string; disabled?: boolean }[] }>(
      'iam',
      'GET',
      `${path}?keyTypes=USER_MANAGED`,
    ),
  );
  const ids = (listed?.keys ?? [])
    .filter(({ disabled }) => !disabled)
    .map((key) => key.name.split('/').at(-1) ?? '');
  const held = readKeyFile(file);
  if (held && held.client_email !== email) {
    return {
      state: 'conflict',
      problems: [`${file} holds the key of ${held.client_email}, which a new one would replace`],
      remedy: 'deploy that relay first (tributary deploy), or remove the file',
    };
  }
  const isHeld = held !== undefined && ids.includes(held.private_key_id);
  if (!isRotating && (isHeld || (ids.length > 0 && held === undefined))) return same;
  const changes = [`written to ${file}`];
  if (ids.length > 0) changes.push(`beside ${ids.length} that the account has`);
  return {
    state: 'create',
    changes,
    async apply() {
      const made = await untilVisible(() =>
        google.call<{ privateKeyData: string }>('iam', 'POST', path, {}),
      );
      writePrivately(file, Buffer.from(made.privateKeyData, 'base64').toString());
    },
  };
}

/** Whole or not at all: a key is given once. */
function writePrivately(file: string, text: string): void {
  makePrivateFolder(dirname(file));
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

async function orMissing<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isMissing(codeOf(error))) return undefined;
    throw error;
  }
}
