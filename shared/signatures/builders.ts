import type { Problem } from '../filters/condition.ts';
import { parseReference, type Reference } from './content/reference.ts';
import { parseTemplate, signs, type Template } from './content/template.ts';
import type { JwtAlgorithm, SignatureAlgorithm, SignatureScheme, TokenScheme } from './scheme.ts';
import type { JwtSpec, RowSpec, SignatureSpec } from './spec.ts';

// They never throw: a config is read whole, so that all its problems are reported at once.

/** HMAC: SHA-256, hex, utf-8 key, the body alone, one bare signature, unless `spec` says otherwise. */
export function hmac<const Signed extends string = '{body}'>(
  spec: RowSpec<Signed>,
  hash: 'sha1' | 'sha256' | 'sha512' = 'sha256',
): SignatureScheme {
  return signature(`hmac-${hash}`, spec as RowSpec);
}

/** Ed25519 (RFC 8032); the secret is the public key. */
export function ed25519<const Signed extends string = '{body}'>(
  spec: SignatureSpec<Signed>,
): SignatureScheme {
  return signature('ed25519', { key: 'public-key', ...(spec as SignatureSpec) });
}

/** ECDSA on P-256 with SHA-256, signatures in DER; the secret is the public key. */
export function ecdsa<const Signed extends string = '{body}'>(
  spec: SignatureSpec<Signed>,
): SignatureScheme {
  return signature('ecdsa-p256', {
    key: 'public-key',
    encoding: 'base64',
    ...(spec as SignatureSpec),
  });
}

/** RSA with PKCS #1 v1.5 and SHA-256 (RFC 8017, section 8.2); the secret is the public key. */
export function rsa<const Signed extends string = '{body}'>(
  spec: RowSpec<Signed>,
): SignatureScheme {
  return signature('rsa-sha256', { key: 'public-key', encoding: 'base64', ...(spec as RowSpec) });
}

const jwtAlgorithms: Record<JwtAlgorithm, SignatureAlgorithm> = {
  HS256: 'hmac-sha256',
  HS512: 'hmac-sha512',
  RS256: 'rsa-sha256',
  ES256: 'ecdsa-p256',
  EdDSA: 'ed25519',
};

/** A JWT (RFC 7519) whose claims hold hashes of the request. */
export function jwt(spec: JwtSpec, alg: JwtAlgorithm = 'HS256'): SignatureScheme {
  const { bodyHash, urlHash, issuer, ...rest } = spec;
  const algorithm = jwtAlgorithms[alg];
  const scheme = signature(algorithm, {
    key: alg.startsWith('HS') ? 'utf8' : 'public-key',
    ...rest,
    encoding: 'base64url',
    signed: '',
    bodyDigest: `claim:${bodyHash}`,
  });
  return {
    ...scheme,
    jwt: { alg, ...(issuer !== undefined && { issuer }) },
    ...(urlHash !== undefined && {
      url: 'as-sent',
      urlDigest: { from: 'claim', name: urlHash },
    }),
  };
}

/** A shared token in a header, after `tag` (an authentication scheme's name and a space, or nothing). */
export function token(header: string, tag = ''): TokenScheme {
  return { algorithm: 'token', at: { from: 'header', name: header.toLowerCase() }, tag };
}

/** An unguessable last segment of the endpoint's path. */
export function pathKey(): TokenScheme {
  return { algorithm: 'token', at: { from: 'path' }, tag: '' };
}

/** HTTP Basic (RFC 7617); the secret is `user:password`. */
export function basic(): TokenScheme {
  return { algorithm: 'basic', at: { from: 'header', name: 'authorization' }, tag: 'Basic ' };
}

const nowhere: Reference = { from: 'item', name: '' };
const nothing: Template = { before: [], body: false, after: [] };

function signature(algorithm: SignatureAlgorithm, spec: RowSpec): SignatureScheme {
  const {
    signature: places,
    separator,
    tag = '',
    after,
    encoding = 'hex',
    key = 'utf8',
    signed: template = '{body}',
    url = 'as-sent',
    timestamp,
    bodyDigest,
    each,
    formOrIn,
    otherwise,
    certificate,
    ...unknown
  } = spec;
  const problems: Problem[] = Object.keys(unknown).map((path) => ({
    path,
    message: 'is not an option of a scheme',
  }));
  const read = <Value>(path: string, fallback: Value, parse: () => Value): Value => {
    try {
      return parse();
    } catch (error) {
      problems.push({ path, message: (error as Error).message });
      return fallback;
    }
  };
  const at = (path: string, text: string) =>
    read(path, nowhere, () => parseReference(String(text)));
  const signed = read('signed', nothing, () => parseTemplate(String(template)));
  return {
    algorithm,
    signature: [places].flat().map((place) => at('signature', place)),
    ...(separator === undefined ? {} : { separator }),
    tag,
    ...(after === undefined ? {} : { after }),
    encoding,
    key,
    signed,
    ...(signs(signed, 'url') ? { url } : {}),
    ...(timestamp ? { timestamp: { ...timestamp, at: at('timestamp.at', timestamp.at) } } : {}),
    ...(bodyDigest ? { bodyDigest: at('bodyDigest', bodyDigest) } : {}),
    ...(certificate
      ? { certificate: { ...certificate, url: at('certificate.url', certificate.url) } }
      : {}),
    ...(each ? { each: each.split('.') } : {}),
    ...(formOrIn ? { formOrIn } : {}),
    ...(otherwise ? { otherwise } : {}),
    ...(problems.length > 0 ? { problems } : {}),
  };
}
