import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../../local/pubsub/delivery/filter.ts';
import { messageType } from '../../../../local/pubsub/transport/protos.ts';

const PubsubMessage = messageType('PubsubMessage');

function passes(filter: string, attributes: Record<string, string>): boolean {
  return parseFilter(filter)(PubsubMessage.encode({ attributes }).finish());
}

// https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax
describe('a filter', () => {
  it.each([
    ['attributes:domain', { domain: '' }, true],
    ['attributes:domain', {}, false],
    ['attributes.domain = "com"', { domain: 'com' }, true],
    ['attributes.domain="com"', { domain: 'COM' }, false],
    ['attributes.domain != "com"', { domain: 'net' }, true],
    ['attributes.domain != "com"', {}, true],
    ['hasPrefix(attributes.domain, "co")', { domain: 'com' }, true],
    ['hasPrefix(attributes.domain, "co")', {}, false],
    ['attributes."a b" = "c\\"d"', { 'a b': 'c"d' }, true],
    ['NOT attributes:domain', {}, true],
    ['-attributes:domain', {}, true],
    ['attributes:a AND attributes:b', { a: '1' }, false],
    ['attributes:a OR attributes:b OR attributes:c', { c: '1' }, true],
    ['attributes:a AND NOT (attributes:b OR attributes.c = "1")', { a: '', c: '2' }, true],
    ['attributes:a AND (attributes:b OR attributes.c = "1")', { a: '', c: '2' }, false],
  ])('%s of %j: %s', (filter, attributes, expected) => {
    expect(passes(filter, attributes as Record<string, string>)).toBe(expected);
  });

  it.each([
    'attributes',
    'attributes.a',
    'attributes.a = b',
    'attributes.a > "b"',
    'attributes:a AND attributes:b OR attributes:c',
    '(attributes:a',
    'attributes:a)',
    'data = "x"',
    'attributes:a attributes:b',
    `attributes.a = "${'x'.repeat(250)}"`,
    ' ',
  ])('%s is refused', (filter) => {
    expect(() => parseFilter(filter)).toThrow('Invalid filter given');
  });
});
