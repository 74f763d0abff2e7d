import { ecdsa, ed25519, hmac, jwt, rsa, type Scheme, token } from 'tributary-relay';
import { describe, expectTypeOf, it } from 'vitest';

describe('a scheme of one’s own', () => {
  it('is taken with every option', () => {
    expectTypeOf(
      hmac(
        {
          signature: ['header:x-acme-1', 'json:sign'],
          separator: ',',
          tag: 'v1=',
          after: '|',
          encoding: 'base64url',
          key: 'hex',
          signed: 'v0:{item:t=}:{method}{url}{header:x-id?}:{body}',
          url: 'as-sent',
          timestamp: { at: 'item:t=', unit: 'ms', toleranceS: 60 },
          bodyDigest: 'query:sha',
          each: 'items',
          formOrIn: 'sign',
        },
        'sha512',
      ),
    ).toExtend<Scheme>();
    for (const make of [ed25519, ecdsa, rsa]) {
      expectTypeOf(make({ signature: 'header:a', signed: '{form.sorted}' })).toExtend<Scheme>();
    }
    const timestamp = { at: 'claim:iat', unit: 's' } as const;
    const spec = { signature: 'header:a', tag: 'Bearer ', bodyHash: 'b', urlHash: 'u' } as const;
    expectTypeOf(jwt({ ...spec, issuer: 'acme', timestamp }, 'EdDSA')).toExtend<Scheme>();
    expectTypeOf(token('x-acme', 'Key ')).toExtend<Scheme>();
  });

  it('is refused at the key that is wrong', () => {
    // @ts-expect-error
    hmac({});
    hmac({
      // @ts-expect-error
      signature: 'x-acme',
    });
    hmac({
      signature: 'header:a',
      // @ts-expect-error
      signed: '{nope}.{body}',
    });
    hmac({
      signature: 'header:a',
      // @ts-expect-error
      signed: '{body}{cookie:a}',
    });
    hmac({
      signature: 'header:a',
      // @ts-expect-error
      encoding: 'base32',
    });
    hmac({
      signature: 'header:a',
      // @ts-expect-error
      key: 'pem',
    });
    hmac({
      signature: 'header:a',
      timestamp: {
        // @ts-expect-error
        at: 'x-time',
        // @ts-expect-error
        unit: 'min',
      },
    });
    hmac({
      signature: 'header:a',
      // @ts-expect-error
      sig: 'header:b',
    });
    // @ts-expect-error
    hmac({ signature: 'header:a' }, 'md5');
  });

  it('of a JWT too', () => {
    // @ts-expect-error
    jwt({ signature: 'header:a' });
    jwt({
      signature: 'header:a',
      bodyHash: 'b',
      // @ts-expect-error
      signed: '{body}',
    });
    // @ts-expect-error
    jwt({ signature: 'header:a', bodyHash: 'b' }, 'none');
  });
});
