import { describe, expect, it } from 'vitest';
import type { AlertOptions } from '../../../../shared/config/alert-options.ts';
import { InvalidConfig } from '../../../../shared/config/check/invalid-config.ts';
import { defineRelay } from '../../../../shared/config/define-relay.ts';
import { segmentstream } from '../../../../shared/sources/segmentstream.ts';

const receiver = { url: 'ALERTS_URL', format: 'generic' };

/** The paths of the problems, each with its message and remedy. */
function problemsOf(alerts: unknown) {
  try {
    defineRelay({
      project: 'my-project',
      streams: { orders: segmentstream({ table: 'shop.orders' }) },
      alerts: alerts as AlertOptions,
    });
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems;
    throw error;
  }
  return [];
}

describe('alerts', () => {
  it.each([
    ['no object', 7, ['alerts']],
    ['no receiver', {}, ['alerts.receivers']],
    ['an empty list', { receivers: [] }, ['alerts.receivers']],
    [
      'too many receivers',
      { receivers: Array.from({ length: 21 }, (_, n) => ({ ...receiver, url: `U${n}` })) },
      ['alerts.receivers'],
    ],
    [
      'a URL in place of its name',
      { receivers: [{ ...receiver, url: 'https://hooks.slack.com/x' }] },
      ['alerts.receivers.0.url'],
    ],
    [
      'another format',
      { receivers: [{ ...receiver, format: 'irc' }] },
      ['alerts.receivers.0.format'],
    ],
    ['a receiver twice', { receivers: [receiver, receiver] }, ['alerts.receivers.1.url']],
    [
      'an unknown stream of a receiver',
      { receivers: [{ ...receiver, streams: ['orders', 'order'] }] },
      ['alerts.receivers.0.streams.1'],
    ],
    [
      'an unknown stream',
      { receivers: [receiver], streams: { order: {} } },
      ['alerts.streams.order'],
    ],
    ['a time without a unit', { receivers: [receiver], every: '60' }, ['alerts.every']],
    ['a time of nothing', { receivers: [receiver], silentAfter: '0s' }, ['alerts.silentAfter']],
    [
      'a time that is too long',
      { receivers: [receiver], silentAfter: '21d' },
      ['alerts.silentAfter'],
    ],
    ['true', { receivers: [receiver], freshness: true }, ['alerts.freshness']],
    ['a share in percent', { receivers: [receiver], unauthorized: 50 }, ['alerts.unauthorized']],
    ['half a dead letter', { receivers: [receiver], deadLetters: 0.5 }, ['alerts.deadLetters']],
    [
      'a typing error in a stream',
      { receivers: [receiver], streams: { orders: { silentafter: '1h' } } },
      ['alerts.streams.orders.silentafter'],
    ],
    [
      'a console without a scheme',
      { receivers: [receiver], consoleUrl: 'relay.example.com' },
      ['alerts.consoleUrl'],
    ],
  ])('%s is refused, with a remedy', (_, alerts, paths) => {
    const problems = problemsOf(alerts);
    expect([...new Set(problems.map(({ path }) => path))]).toEqual(paths);
    for (const { remedy } of problems) expect(remedy).toMatch(/\w{4}.*[.?]/);
    // It may be the secret itself.
    expect(JSON.stringify(problems)).not.toContain('hooks.slack.com');
  });

  it('suggests the option that was meant', () => {
    const [problem] = problemsOf({ receivers: [receiver], silentafter: '1h' });
    expect(problem?.remedy).toContain('silentAfter');
  });

  it('takes everything at once', () => {
    const conditions = {
      window: '1h',
      deadLetters: false,
      tableRefused: false,
      freshness: '10s',
      silentAfter: 'learned',
      overflow: false,
      unauthorized: false,
      unauthorizedCount: 1,
    };
    const receivers = [{ ...receiver, streams: ['orders'], heartbeat: '1d' }];
    expect(
      problemsOf({
        receivers,
        ...conditions,
        streams: { orders: conditions },
        every: '1s',
        clearAfter: '1s',
        bigqueryAway: false,
        consoleUrl: 'http://localhost:8788',
      }),
    ).toEqual([]);
  });
});
