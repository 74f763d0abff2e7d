import * as v from 'valibot';
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
import { alertProblems } from './alert-schema.ts';
import { describeIssue } from './describe-issue.ts';
import { type ConfigProblem, InvalidConfig } from './invalid-config.ts';
import { ownSchemeProblems } from './own-scheme.ts';
import { nearestValue, remedyOf, unknownRemedy } from './remedies.ts';
import { RelaySchema } from './schema.ts';
import { unsignedFilters, unsignedKeys } from './signature-coverage.ts';
import { keyProblems, tableProblems } from './table-problems.ts';

/** @throws InvalidConfig, which names every problem with its path */
export function checkConfig(options: RelayOptions): void {
  const problems = configProblems(options);
  if (problems.length > 0) throw new InvalidConfig(problems, options ?? {});
}

/** Every problem at once: an option that is wrong hides no problem of another one. */
function configProblems(options: RelayOptions): ConfigProblem[] {
  const { issues = [] } = v.safeParse(RelaySchema, options, { message: describeIssue });
  const found = issues.map(toProblem);
  if (typeof options === 'object' && options !== null) {
    const { streams } = options;
    const named = typeof streams === 'object' && streams !== null ? streams : {};
    const readable = Object.entries(named).filter(([, stream]) => isObject(stream));
    const entries = readable as [string, Stream][];
    found.push(
      ...disagreements(options, entries, issues),
      ...sharedDefaults(entries),
      ...alertProblems(options.alerts, new Set(Object.keys(named))),
    );
  }
  return found.map((problem) => ({
    ...problem,
    remedy: problem.remedy ?? remedyOf(problem.path.split('.'), problem.message),
  }));
}

type Issue = v.BaseIssue<unknown>;

function keysOf(issue: Issue): string[] {
  return (issue.path ?? []).map(({ key }) => String(key));
}

function toProblem(issue: Issue): Problem {
  const keys = keysOf(issue);
  const { message, input } = issue;
  const path = keys.join('.');
  if (path === '') return { path, message: 'defineRelay needs an object: { … }' };
  const option = keys.at(-1) ?? '';
  if (issue.type === 'never') {
    return { path, message, remedy: unknownRemedy(keys) };
  }
  const nearest = nearestValue(option, input);
  return { path, message, ...(nearest && { remedy: `Did you mean '${nearest}'?` }) };
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
  { publicUrl }: RelayOptions,
  streams: readonly (readonly [string, Stream])[],
  issues: readonly Issue[],
): Problem[] {
  return streams.flatMap(([name, stream]) => {
    const { scheme, handshake } = stream;
    const problems = deepProblems(name, stream, issues);
    if (stream.acceptsGet && !signsQuery(scheme)) {
      const message = `needs a key or a signed URL: ${nameOf(scheme)} signs a body, and a GET has none`;
      problems.push({ path: 'acceptsGet', message });
    }
    if (stream.replayWindow !== undefined && !signsTime(scheme)) {
      const message = `does nothing here: ${nameOf(scheme)} signs no time. Duplicates are told by an id`;
      problems.push({ path: 'replayWindow', message, remedy: 'Remove it.' });
    }
    const due = handshake && challengeSchemes[handshake];
    if (due !== undefined && scheme !== due) {
      problems.push({ path: 'handshake', message: `"${handshake}" needs the scheme "${due}"` });
    }
    const own = problems.map((problem) => ({
      ...problem,
      path: `streams.${name}.${problem.path}`,
    }));
    if (publicUrl === undefined && signsUrl(knownScheme(scheme))) {
      const message = `must be set: the senders of the stream "${name}" sign it`;
      own.push({ path: 'publicUrl', message });
    }
    return own;
  });
}

/** A problem in one option may come from the absence of another, which was left out because its form is wrong. */
const readWith: Readonly<Record<string, readonly string[]>> = {
  filter: ['event', 'each'],
  key: ['columns', 'moreColumns', 'each', 'event', 'id', 'time'],
};

/** The problems of a stream's compiled shape and filter: without the options whose form is wrong. */
function deepProblems(name: string, stream: Stream, issues: readonly Issue[]): Problem[] {
  const own = issues
    .map(keysOf)
    .filter(([first, second]) => first === 'streams' && second === name);
  const bare: Record<string, unknown> = { ...stream };
  const changed = new Set<string>();
  for (const [, , option = '', part = ''] of own) {
    const value = bare[option];
    changed.add(option);
    delete bare[option];
    // Of the columns, only those that are wrong.
    if (/columns$/i.test(option) && isObject(value)) {
      const { [part]: _, ...others } = value;
      if (Object.keys(others).length > 0) bare[option] = others;
    }
  }
  // Without these a stream has no meaning.
  if (['', 'source', 'scheme'].some((option) => changed.has(option))) return [];
  const readable = { table: 'dataset.table', ...bare } as unknown as Stream;
  return streamProblems(name, readable).filter(({ path }) => {
    const [option = ''] = path.split('.');
    const isGone = changed.has(option) && !(option in bare);
    return !isGone && !(readWith[option] ?? []).some((needed) => changed.has(needed));
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
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
function sharedDefaults(streams: readonly (readonly [string, Stream])[]): Problem[] {
  const takenBy = new Map<string, string>();
  return streams.flatMap(([name, stream]) => {
    if (stream.secrets) return [];
    const secret = defaultSecret(name, stream.scheme);
    const other = takenBy.get(secret);
    takenBy.set(secret, name);
    if (other === undefined) return [];
    const message = `must be set: "${other}" has the default secret ${secret} too`;
    return [{ path: `streams.${name}.secrets`, message }];
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
    const message = 'is not for exports: they have columns of their own';
    return [{ path: 'moreColumns', message, remedy: 'Remove it.' }];
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
  return [{ path: 'invalidValues', message, remedy: 'Remove it.' }];
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
