import { describe, expect, it } from 'vitest';
import { bodies } from '../../../subscriber/alerts/messages/bodies.ts';
import {
  type AlertChange,
  headline,
  makeMessage,
  sampleMessage,
} from '../../../subscriber/alerts/messages/message.ts';
import { postMessage } from '../../../subscriber/alerts/messages/post-message.ts';
import { receiverUrlProblem } from '../../../subscriber/alerts/messages/receiver-url.ts';
import { secretPath, startAlertReceiver } from '../../beds/alert-receiver.ts';

const relay = { project: 'test-project' };
const now = Date.parse('2026-11-28T12:00:00Z');

function change(n: number, more: Partial<AlertChange> = {}): AlertChange {
  return {
    id: `overflow/s${n}`,
    isFiring: true,
    condition: 'overflow',
    stream: `s${n}`,
    reason: 'a reason with <b> & [a](link)',
    count: n,
    firedAt: now - 1000,
    since: now,
    ...more,
  };
}

const many = makeMessage(relay, {
  kind: 'alerts',
  firing: 10_000,
  changes: Array.from({ length: 10_000 }, (_, n) => change(n, { reason: 'x'.repeat(400) })),
  consoleUrl: 'https://relay.example.com',
  now,
});

describe('a message', () => {
  it('has what fires before what is cleared, and links to the console', () => {
    const changes = [change(1, { isFiring: false }), change(2, { example: 'id-2' })];
    const content = {
      kind: 'alerts',
      firing: 1,
      changes,
      consoleUrl: 'https://relay.example.com',
      now,
    } as const;
    const message = makeMessage(relay, content);
    expect(message.alerts.map(({ id, state }) => [id, state])).toEqual([
      ['overflow/s2', 'firing'],
      ['overflow/s1', 'clear'],
    ]);
    expect(message.alerts[0]).toMatchObject({
      link: 'https://relay.example.com',
      example: 'id-2',
      firedAt: '2026-11-28T11:59:59.000Z',
      clearedAt: null,
    });
    expect(headline(message)).toContain('1 fired, 1 cleared');
  });

  it('of very many says how many', () => {
    expect(many).toMatchObject({ omitted: 9990 });
    expect(headline(many)).toContain('10000 alerts changed');
  });
});

describe('for Slack', () => {
  it('is within the limits of blocks', () => {
    const { blocks, text } = bodies.slack(many) as {
      text: string;
      blocks: { type: string; text: { text: string } }[];
    };
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(text).toContain('10000');
    for (const block of blocks) expect(block.text.text.length).toBeLessThanOrEqual(3000);
    expect(blocks[0]?.text.text.length).toBeLessThanOrEqual(150);
    expect(JSON.stringify(blocks).length).toBeLessThan(13_000);
  });

  it('escapes what would be a command', () => {
    const message = makeMessage(relay, {
      kind: 'alerts',
      firing: 1,
      changes: [change(1, { reason: '<!channel> & co' })],
      now,
    });
    expect(JSON.stringify(bodies.slack(message))).toContain('&lt;!channel&gt; &amp; co');
  });
});

describe('for Teams', () => {
  it('is one adaptive card, below 28 KB', () => {
    const body = bodies.teams(many);
    expect(JSON.stringify(body).length).toBeLessThan(28_000);
    expect(body).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', version: '1.4', actions: [{ type: 'Action.OpenUrl' }] },
        },
      ],
    });
  });

  it('makes no link of a text', () => {
    const message = makeMessage(relay, { kind: 'alerts', firing: 1, changes: [change(1)], now });
    expect(JSON.stringify(bodies.teams(message))).not.toContain('](');
  });
});

describe('the URL of a receiver', () => {
  it.each([
    [undefined, 'is not set'],
    ['  ', 'is not set'],
    ['hooks.slack.com', 'is not a URL'],
    ['http://hooks.slack.com/x', 'must be an https URL'],
    ['ftp://127.0.0.1/x', 'must be an https URL'],
    ['https://user:pass@hooks.slack.com/x', 'must be a URL without a user'],
    ['https://hooks.slack.com/services/T/B/x', undefined],
    ['https://prod.logic.azure.com:443/workflows/x?sig=y', undefined],
    ['http://127.0.0.1:8080/x', undefined],
    ['http://[::1]:8080/x\n', undefined],
  ])('%j', (url, problem) => {
    expect(receiverUrlProblem(url)).toBe(problem);
  });
});

describe('an answer', () => {
  it('shows nothing of the URL, even where the receiver does', async () => {
    const receiver = await startAlertReceiver();
    receiver.answer((response, { path }) => response.writeHead(404).end(`no such hook: ${path}`));
    const answer = await postMessage(sampleMessage(relay, 'orders', now), {
      url: receiver.url,
      format: 'generic',
    });
    expect(answer).toMatchObject({ isTaken: false, text: '404' });
    expect(answer.body).toContain('no such hook');
    for (const part of secretPath.split('/').filter((one) => one.length > 8)) {
      expect(answer.body).not.toContain(part);
    }
  });

  it('of nobody is a code', async () => {
    const answer = await postMessage(sampleMessage(relay, 'orders', now), {
      url: 'http://127.0.0.1:1/planted-secret',
      format: 'generic',
    });
    expect(answer.isTaken).toBe(false);
    expect(answer.text).toMatch(/^not reached \(\w+\)$/);
  });
});
