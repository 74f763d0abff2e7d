import * as v from 'valibot';

// The form of what the builders of schemes make. Whoever writes such an object by hand, or changes one, may break it.

const Reference = v.union([
  v.object({ from: v.picklist(['header', 'item', 'query', 'claim']), name: v.string() }),
  v.object({ from: v.literal('json'), path: v.array(v.string()) }),
]);

const Part = v.union([
  v.object({ reference: Reference, optional: v.boolean() }),
  v.object({ text: v.string() }),
  v.object({ is: v.picklist(['url', 'method', 'form.sorted', 'secret', 'crc32']) }),
]);

const Token = v.object({
  algorithm: v.string(),
  at: v.union([
    v.object({ from: v.literal('path') }),
    v.object({ from: v.literal('header'), name: v.string() }),
  ]),
});

const signature = {
  algorithm: v.string(),
  signature: v.array(Reference),
  signed: v.object({ before: v.array(Part), body: v.boolean(), after: v.array(Part) }),
  timestamp: v.optional(v.object({ at: Reference })),
  bodyDigest: v.optional(Reference),
  urlDigest: v.optional(Reference),
  jwt: v.optional(v.object({ alg: v.string(), issuer: v.optional(v.string()) })),
  certificate: v.optional(v.object({ url: Reference, host: v.string(), path: v.string() })),
  each: v.optional(v.array(v.string())),
  formOrIn: v.optional(v.string()),
  problems: v.optional(v.array(v.object({ path: v.string(), message: v.string() }))),
};

/** A scheme has other names once at most. */
const Other = v.object({ ...signature, otherwise: v.optional(v.undefined()) });
const Signature = v.object({ ...signature, otherwise: v.optional(Other) });

/** Whether it can be read as a scheme; own-scheme.ts says whether it is a good one. */
export function hasSchemeForm(scheme: object): boolean {
  return v.is('at' in scheme ? Token : Signature, scheme);
}
