import { GoogleAuth } from 'google-auth-library';
import { within } from '../../../subscriber/bigquery/tables/table-opening.ts';

/** Google's credentials of whoever runs the command. */
export interface Credentials {
  /** A service account's address; undefined for a person, of whom they don't tell it. */
  email?: string | undefined;
  headers(url: string): Promise<Headers>;
}

/** Why there are none, in a sentence; `isNetwork` where it is not the credentials' fault. */
export interface CredentialsProblem {
  problem: string;
  isNetwork: boolean;
}

/** A person waits for the answer. */
const withinMs = 2000;

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

/**
 * The application default credentials, after one token was had with them. Resolves within 3 seconds, whatever
 * the network does.
 *
 * @param project which a person's requests count for: some APIs refuse those that count for none
 */
export async function findCredentials(project: string): Promise<Credentials | CredentialsProblem> {
  // By default, a machine that is not Google's is searched for a metadata server over the network, for seconds.
  process.env['METADATA_SERVER_DETECTION'] ??= 'bios-only';
  // Without a project it would ask Google, and gcloud, for one.
  const auth = new GoogleAuth({ scopes, projectId: project });
  try {
    return await within(
      withinMs,
      (async () => {
        const client = await auth.getClient();
        await client.getRequestHeaders(googleOrigin);
        const { client_email: email } = await auth.getCredentials().catch(() => ({}) as never);
        // Google's own clients, which are made after this, read it.
        if (email === undefined) process.env['GOOGLE_CLOUD_QUOTA_PROJECT'] ??= project;
        return {
          email,
          async headers(url: string) {
            const headers = new Headers(await client.getRequestHeaders(url));
            if (email === undefined && !headers.has('x-goog-user-project')) {
              headers.set('x-goog-user-project', project);
            }
            return headers;
          },
        };
      })(),
    );
  } catch (error) {
    return describeProblem(error as Error);
  }
}

const googleOrigin = 'https://www.googleapis.com';

const networkCodes =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|no answer within/;

function describeProblem(error: Error): CredentialsProblem {
  const text = [error.message, String((error as { code?: unknown }).code ?? '')].join(' ');
  if (networkCodes.test(text)) {
    return { problem: `Google gives no token: ${firstLine(error.message)}`, isNetwork: true };
  }
  if (/default credentials/.test(error.message)) {
    return { problem: 'there are no Google credentials', isNetwork: false };
  }
  if (/invalid_grant|invalid_rapt|reauth/i.test(text)) {
    return { problem: 'the Google credentials have expired, or were revoked', isNetwork: false };
  }
  const problem = `the Google credentials can't be used: ${firstLine(error.message)}`;
  return { problem, isNetwork: false };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
