import { expect, test } from 'vitest';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { createEdge } from '../../worker/relay.ts';
import { shop } from '../beds/workerd/edge.ts';

test('the Worker does not start with a filter that has a problem, even if nobody checked the config', () => {
  const relay = defineRelay({ project: 'your-project', streams: { shop } });
  const [stream] = relay.streams.values();
  if (!stream) throw new Error('no stream');
  const unchecked = { ...stream, filter: { event: '(a+' } };
  expect(() => createEdge({ ...relay, streams: new Map([['shop', unchecked]]) })).toThrow(
    expect.objectContaining({ code: 'config.invalid' }),
  );
});
