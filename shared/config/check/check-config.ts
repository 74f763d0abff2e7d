import * as v from 'valibot';
import { RelayError } from '../../errors.ts';
import type { Problem } from '../../filters/condition.ts';
import { filterOf } from '../../filters/filter.ts';
import { patternProblem } from '../../filters/pattern-check.ts';
import { morePlanOf } from '../../shape/more-columns.ts';
import { planOf } from '../../shape/plan.ts';
import { type Scheme, signsUrl, vouchesForQuery } from '../../signatures/scheme.ts';
import {
  nameOf,
  type SchemeChoice,
  type SchemeName,
  schemeOf,
  schemes,
} from '../../signatures/schemes.ts';
import { sources } from '../../sources/registry.ts';
import type { HandshakeName, RelayOptions, Stream } from '../config.ts';
import { defaultSecret } from '../secrets.ts';
import { ownSchemeProblems } from './own-scheme.ts';
import { RelaySchema } from './schema.ts';
import { unsignedFilters, unsignedKeys } from './signature-coverage.ts';
import { keyProblems, tableProblems } from './table-problems.ts';

/** @throws RelayError `config.invalid`, which names every problem with its path */
export function checkConfig(options: RelayOptions): void {
  const { issues = [] } = v.safeParse(RelaySchema, options);
  const misread = new Set(issues.map((issue) => issue.path?.[1]?.key));
  const problems = [
    ...issues.map((issue) => `  ${v.getDotPath(issue) ?? ''} ${issue.message}`),
    ...disagreements(options, (name) => !misread.has(name)),
    ...sharedDefaults(options),
  ];
  if (problems.length === 0) return;
  throw new RelayError(
    'config.invalid',
    `tributary.config.ts has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.join('\n')}`,
  );
}

/**
 * Handshakes that answer a challenge with the key that signs deliveries. With their own scheme a challenge can never be
 * the text of a delivery. With any other scheme a forger could have his deliveries signed as challenges.
 */
const challengeSchemes: { [Name in HandshakeName]?: SchemeName } = {
  braintree: 'braintree',
  x: 'x',
  zoom: 'zoom',
};

/** Options that are right on their own, but not together. */
function disagreements(
  { publicUrl, streams }: RelayOptions,
  isWellFormed: (streamName: string) => boolean,
): string[] {
  return Object.entries(streams ?? {}).flatMap(([name, stream]) => {
    if (!stream) return [];
    const { scheme, handshake } = stream;
    const problems = (isWellFormed(name) ? streamProblems(name, stream) : []).map(
      ({ path, message }) => `  streams.${name}.${path} ${message}`,
    );
    if (publicUrl === undefined && signsUrl(knownScheme(scheme))) {
      problems.push(`  publicUrl must be set: the senders of the stream "${name}" sign it`);
    }
    if (stream.acceptsGet && !signsQuery(scheme)) {
      problems.push(
        `  streams.${name}.acceptsGet needs a key or a signed URL: ${nameOf(scheme)} signs a body, and a GET has none`,
      );
    }
    if (stream.replayWindow !== undefined && !signsTime(scheme)) {
      problems.push(
        `  streams.${name}.replayWindow does nothing here: ${nameOf(scheme)} signs no time. Duplicates are told by an id`,
      );
    }
    const due = handshake && challengeSchemes[handshake];
    if (due !== undefined && scheme !== due) {
      problems.push(`  streams.${name}.handshake "${handshake}" needs the scheme "${due}"`);
    }
    return problems;
  });
}

/** Undefined for an unknown scheme, or none at all: that is reported elsewhere. */
function knownScheme(scheme: SchemeChoice): Scheme | undefined {
  if (typeof scheme === 'object') return scheme ?? undefined;
  return Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
}

/** Whether the scheme covers the query of a GET. */
function signsQuery(choice: SchemeChoice): boolean {
  const scheme = knownScheme(choice);
  return scheme === undefined || vouchesForQuery(scheme);
}

function signsTime(choice: SchemeChoice): boolean {
  const scheme = knownScheme(choice);
  return scheme === undefined || ('signed' in scheme && scheme.timestamp !== undefined);
}

/**
 * Streams whose names differ only in `-` and `_` have the same default secret: a sender of one could send to the other.
 * A secret that both streams name is shared on purpose.
 */
function sharedDefaults({ streams }: RelayOptions): string[] {
  const takenBy = new Map<string, string>();
  return Object.entries(streams ?? {}).flatMap(([name, stream]) => {
    if (!stream || stream.secrets) return [];
    const secret = defaultSecret(name, stream.scheme);
    const other = takenBy.get(secret);
    takenBy.set(secret, name);
    if (other === undefined) return [];
    return [
      `  streams.${name}.secrets must be set: "${other}" has the default secret ${secret} too`,
    ];
  });
}

/** Problems that a stream shows only when its shape and its filter are compiled. */
function streamProblems(name: string, stream: Stream): Problem[] {
  const own = typeof stream.scheme === 'object' ? ownSchemeProblems(stream.scheme) : [];
  const scheme = schemeOf(stream);
  const eventNamePlaces = sources[stream.source].eventNamePlaces(stream);
  return [
    ...own,
    ...(stream.source === 'generic' ? planOf(stream).problems : moreProblems(stream)),
    ...filterProblems(stream),
    ...partialNames(stream),
    // What is signed is known only of a scheme without mistakes.
    ...(own.length > 0 ? [] : unsignedFilters(stream, scheme, eventNamePlaces)),
    ...tableProblems(name, stream),
    ...keyProblems(stream),
    ...(own.length > 0 ? [] : unsignedKeys(stream, scheme)),
    ...unusedInvalidValues(stream),
  ];
}

/** A pattern's problem names the place in the pattern. */
function filterProblems(stream: Stream): Problem[] {
  const { patterns, problems } = filterOf(stream);
  const refused = patterns.flatMap(({ path, pattern, maxTextLength }) => {
    const problem = patternProblem(pattern, maxTextLength);
    if (!problem) return [];
    return [{ path, message: `is refused at character ${problem.at + 1}: ${problem.reason}` }];
  });
  const paths = new Set(refused.map(({ path }) => path));
  return [...problems.filter(({ path }) => !paths.has(path)), ...refused];
}

/** The problems of columns that are added to those of the source. */
function moreProblems(stream: Stream): Problem[] {
  const plan = morePlanOf(stream);
  if (!plan) return [];
  const source = sources[stream.source];
  if (source.delivers === 'exports') {
    return [{ path: 'moreColumns', message: 'is not for exports: they have columns of their own' }];
  }
  const { moreColumns, ...bare } = stream;
  const own = new Set(source.layout(bare).columns.map(({ name }) => name.toLowerCase()));
  const taken = Object.keys(moreColumns ?? {}).filter((name) => own.has(name.toLowerCase()));
  return [
    ...plan.problems.map(({ path, message }) => ({
      path: path.replace('columns', 'moreColumns'),
      message,
    })),
    ...taken.map((name) => ({
      path: `moreColumns.${name}`,
      message: 'is a column of the source already',
    })),
  ];
}

function unusedInvalidValues({ source, invalidValues }: Stream): Problem[] {
  if (invalidValues === undefined || sources[source].delivers === 'rows') return [];
  const message = 'is only for streams of rows: files are loaded unchanged';
  return [{ path: 'invalidValues', message }];
}

/**
 * A filter on names where the name stands in one item of an array (`$.changes[0].field`). It would drop an event because
 * of its first item, although another item matches.
 */
function partialNames(stream: Stream): Problem[] {
  if (!filterOf(stream).named) return [];
  const places = planOf(stream).event.flat();
  const isPartial = places.some(
    (place) => 'path' in place && place.path.some((step) => typeof step === 'number'),
  );
  if (!isPartial) return [];
  const all = String(stream.event).replaceAll(/\[\d+\]/g, '[]');
  const message =
    `sees the name of one item (${stream.event}) and ignores the other items: filter with ` +
    `where: { field: '${all}', … }, which passes if any item matches`;
  return [{ path: 'filter', message }];
}
