import type { Problem } from '../../filters/condition.ts';
import type { Reference } from '../../signatures/content/reference.ts';
import { signs } from '../../signatures/content/template.ts';
import {
  type Scheme,
  type SignatureScheme,
  signedReferences,
  type TokenScheme,
} from '../../signatures/scheme.ts';

/**
 * What is wrong with a scheme that the config defines. A scheme that would accept what its sender did not send is
 * refused, however the sender may sign: a key in the path is safer.
 */
export function ownSchemeProblems(scheme: Scheme): Problem[] {
  const problems = 'at' in scheme ? tokenProblems(scheme) : signatureProblems(scheme);
  return problems.map(({ path, message }) => ({
    path: path === '' ? 'scheme' : `scheme.${path}`,
    message,
  }));
}

/** A name in HTTP is a token (RFC 9110, section 5.1). */
const headerName = /^[!#$%&'*+.^_`|~\da-z-]+$/i;

/** Whoever sends a request chooses these, or something on its way sets them: they are no secrets. */
const ordinaryHeaders = new Set(
  (
    'accept accept-encoding accept-language cache-control cdn-loop connection content-encoding content-length ' +
    'content-type date forwarded host origin referer traceparent tracestate transfer-encoding user-agent via ' +
    'x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip x-request-id'
  ).split(' '),
);

function isOrdinary(name: string): boolean {
  return ordinaryHeaders.has(name) || name.startsWith('cf-');
}

function tokenProblems({ algorithm, at, tag }: TokenScheme): Problem[] {
  if (algorithm !== 'token' && algorithm !== 'basic') return [unknownKind];
  if (at.from === 'path') return [];
  const { name } = at;
  if (!headerName.test(name)) return [{ path: '', message: `names no header: "${name}"` }];
  if (isOrdinary(name)) {
    const message = `takes ${name} for a secret: other requests have it too. Name the header that holds the token`;
    return [{ path: '', message }];
  }
  return typeof tag === 'string' ? [] : [{ path: 'tag', message: 'must be a text' }];
}

const unknownKind: Problem = {
  path: '',
  message: 'must be a name, or made by hmac, ed25519, ecdsa, rsa, jwt, token or basic',
};

const options = {
  algorithm: ['hmac-sha1', 'hmac-sha256', 'hmac-sha512', 'ed25519', 'ecdsa-p256', 'rsa-sha256'],
  encoding: ['hex', 'base64', 'base64url'],
  url: ['as-sent', 'hubspot', 'twilio'],
} as const;

const hmacKeys = ['utf8', 'hex', 'base64', 'whsec', 'braintree'];

function signatureProblems(scheme: SignatureScheme): Problem[] {
  const { algorithm, problems = [] } = scheme;
  if (!options.algorithm.includes(algorithm) || !Array.isArray(scheme.signature)) {
    return [unknownKind];
  }
  // What follows would report the same mistakes again.
  if (problems.length > 0) return [...problems];
  return [
    ...choiceProblems(scheme),
    ...placeProblems(scheme),
    ...coverageProblems(scheme),
    ...timeProblems(scheme),
  ];
}

function choiceProblems(scheme: SignatureScheme): Problem[] {
  const { encoding, url, key, algorithm, certificate } = scheme;
  const keys = algorithm.startsWith('hmac-') ? hmacKeys : ['public-key'];
  const problems: Problem[] = [];
  if (!options.encoding.includes(encoding)) problems.push(choice('encoding', options.encoding));
  if (url !== undefined && !options.url.includes(url)) problems.push(choice('url', options.url));
  if (certificate === undefined && !keys.includes(key)) problems.push(choice('key', keys));
  for (const name of ['separator', 'tag', 'after'] as const) {
    const text = scheme[name];
    if (text === undefined || (typeof text === 'string' && (text !== '' || name === 'tag')))
      continue;
    problems.push({ path: name, message: 'must be a text that is not empty' });
  }
  return problems;
}

function choice(path: string, names: readonly string[]): Problem {
  return { path, message: `must be one of ${names.join(', ')}` };
}

/** References that find nothing, or that the signature itself would change. */
function placeProblems(scheme: SignatureScheme): Problem[] {
  const { signature, separator, signed, bodyDigest, timestamp, each, formOrIn } = scheme;
  const inBody = each !== undefined || formOrIn !== undefined;
  const problems: Problem[] = [];
  if (signature.length === 0) problems.push({ path: 'signature', message: 'must name a place' });
  for (const at of signature) {
    if (at.from === 'item' || at.from === 'claim' || at.from === 'query') {
      const message = `must be a header (header:…) or a field of the body (json:…), not ${at.from}:`;
      problems.push({ path: 'signature', message });
    } else if (at.from === 'json' && signed.body && !inBody) {
      const message =
        'stands in the body that it signs: sign the fields with {json:…} instead of {body}';
      problems.push({ path: 'signature', message });
    } else if (at.from === 'header' && !headerName.test(at.name)) {
      problems.push({ path: 'signature', message: `names no header: "${at.name}"` });
    } else if (at.from === 'header' && isOrdinary(at.name)) {
      problems.push({ path: 'signature', message: `is not in ${at.name}: every request has that` });
    }
  }
  const read: [path: string, at: Reference][] = [
    ...signedReferences(scheme).map((at): [string, Reference] => ['signed', at]),
    ...(timestamp ? [['timestamp.at', timestamp.at] as [string, Reference]] : []),
    ...(bodyDigest ? [['bodyDigest', bodyDigest] as [string, Reference]] : []),
  ];
  for (const [path, at] of read) {
    if (at.from === 'item' && separator === undefined) {
      const message = `reads item:${at.name} of a list: set separator to what separates its items`;
      problems.push({ path, message });
    } else if (at.from === 'claim' && !scheme.jwt) {
      problems.push({
        path,
        message: `reads claim:${at.name}, which only a JWT has: use jwt({ … })`,
      });
    } else if (at.from === 'header' && !headerName.test(at.name)) {
      problems.push({ path, message: `names no header: "${at.name}"` });
    }
  }
  return problems;
}

/** Whether a stranger could send another body with a signature that he has seen. */
function coverageProblems(scheme: SignatureScheme): Problem[] {
  const { signed, bodyDigest, certificate } = scheme;
  if (signs(signed, 'secret') && !certificate) {
    const message = 'has {secret}, which is the key already: leave it out';
    return [{ path: 'signed', message }];
  }
  if (bodyDigest) {
    if (isSigned(bodyDigest, scheme)) return [];
    const message =
      'is not signed itself: whoever has seen a delivery could send another body with its hash';
    return [{ path: 'bodyDigest', message: `${message}. Add it to signed` }];
  }
  const fields = signedReferences(scheme).some(({ from }) => from === 'json');
  if (signed.body || signs(signed, 'form.sorted') || fields) return [];
  const message = signs(signed, 'crc32')
    ? 'has only a checksum of the body, which another body can have too. Add {body}'
    : 'leaves out the body: whoever has seen a delivery could send any other with its signature. Add {body}';
  return [{ path: 'signed', message }];
}

function timeProblems(scheme: SignatureScheme): Problem[] {
  const { timestamp } = scheme;
  if (!timestamp) return [];
  const { at, unit, toleranceS } = timestamp;
  const problems: Problem[] = [];
  if (!['s', 'ms', 'iso'].includes(unit))
    problems.push(choice('timestamp.unit', ['s', 'ms', 'iso']));
  if (toleranceS !== undefined && !(Number.isInteger(toleranceS) && toleranceS > 0)) {
    problems.push({
      path: 'timestamp.toleranceS',
      message: 'must be a number of seconds, above 0',
    });
  }
  if (!isSigned(at, scheme)) {
    const message =
      'is not signed: whoever has seen a delivery could send it again with a new time. Add it to signed';
    problems.push({ path: 'timestamp.at', message });
  }
  return problems;
}

function isSigned(at: Reference, scheme: SignatureScheme): boolean {
  if (at.from === 'claim') return scheme.jwt !== undefined;
  if (at.from === 'query') return signs(scheme.signed, 'url');
  if (at.from === 'json' && scheme.signed.body) return true;
  const text = JSON.stringify(at);
  return signedReferences(scheme).some((signed) => JSON.stringify(signed) === text);
}
