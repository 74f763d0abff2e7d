import { STATUS_CODES } from 'node:http';
import { RelayError } from '../../shared/errors.ts';
import { terminalJson, terminalLines } from '../../shared/terminal-text.ts';
import { redactSecret } from '../terminal/redact-secret.ts';

/** No edge takes longer. */
const answerTimeoutMs = 60_000;

interface Posted {
  url: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/** What the edge answered. Its secret is redacted: a proxy before the edge may quote the path, which may contain the key. */
export interface Answer {
  status: number;
  statusText: string;
  /** The relay's own headers, and Retry-After. */
  headers: Record<string, string>;
  body: string;
}

/** @throws RelayError `edge.unreachable` */
export async function post(
  { url, headers, body }: Posted,
  edge: string,
  secret: string,
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(answerTimeoutMs),
      headers,
      body,
    });
    const redact = (text: string) => redactSecret(text, secret);
    const own = [...response.headers].filter(
      ([name]) => name.startsWith('tributary-') || name === 'retry-after',
    );
    return {
      status: response.status,
      statusText: redact(response.statusText),
      headers: Object.fromEntries(own.map(([name, value]) => [name, redact(value)])),
      body: redact((await response.text()).trimEnd()),
    };
  } catch (cause) {
    // The URL is not shown, and in the message of fetch() the secret is redacted: both may contain the key.
    const problem = `${new URL(edge).origin} does not answer: ${redactSecret(reasonOf(cause), secret)}`;
    throw new RelayError('edge.unreachable', problem, { cause });
  }
}

/** fetch() says only that it failed; the reason is in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}

/** Of one answer the status, the relay's own headers and the body, each on its own line; of several, their counts. */
export function answersText(answers: readonly Answer[]): string {
  const [only, ...others] = answers;
  if (only && others.length === 0) {
    const { status, statusText, headers, body } = only;
    const lines = [
      `${status} ${statusText}`.trimEnd(),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      body,
    ];
    return terminalLines(`${lines.filter((line) => line !== '').join('\n')}\n`);
  }
  const lines = countAnswers(answers).map(
    ({ count, status, outcome }) =>
      `${count} × ${status} ${STATUS_CODES[status] ?? ''} (${outcome})`,
  );
  return `${lines.join('\n')}\n`;
}

export function answersJson(answers: readonly Answer[]): string {
  const ids = answers.flatMap(({ headers }) => headers['tributary-delivery-id'] ?? []);
  const [only, ...others] = answers;
  const report = {
    ok: answers.every(({ status }) => status < 300),
    sent: answers.length,
    answers: countAnswers(answers),
    deliveryIds: ids,
    ...(only && others.length === 0 && only.body !== '' && { body: only.body }),
  };
  return terminalJson(`${JSON.stringify(report)}\n`);
}

interface AnswerCount {
  status: number;
  outcome: string;
  count: number;
}

function countAnswers(answers: readonly Answer[]): AnswerCount[] {
  const counts = new Map<string, AnswerCount>();
  for (const { status, headers } of answers) {
    const taken = headers['tributary-outcome'] ?? 'accepted';
    const outcome = status < 300 ? taken : 'refused';
    const key = `${status} ${outcome}`;
    counts.set(key, { status, outcome, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
