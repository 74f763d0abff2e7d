import { isKnownLocation, nearestLocation } from '../../shared/config/check/locations.ts';
import type { Relay } from '../../shared/config/config.ts';

/** Of the examples in the documentation, and of `tributary init`. */
const placeholder =
  /(?:^|[^a-z])your[-_.]|^my-(?:gcp-)?project$|^project-id$|[<>]|\bexample\.(?:com|org|net)\b|\b(?:change|replace)[-_]?me\b/i;

/** What is in the config only until somebody replaces it; it must not be deployed. */
export function findPlaceholders(relay: Relay): { path: string; value: string }[] {
  const { project, topic, subscription, deadLetters, publicUrl } = relay;
  const own = { project, topic, subscription, deadLetters, publicUrl };
  const streams = [...relay.streams.values()].flatMap((stream) => {
    const { name, table, apiUrl, history, storage } = stream;
    const values = {
      table,
      apiUrl,
      'history.url': history?.url,
      'storage.bucket': storage?.bucket,
      'storage.endpoint': storage?.endpoint,
    };
    return Object.entries(values).map(
      ([path, value]) => [`streams.${name}.${path}`, value] as const,
    );
  });
  return [...Object.entries(own), ...streams].flatMap(([path, value]) =>
    typeof value === 'string' && placeholder.test(value) ? [{ path, value }] : [],
  );
}

/** What may be wrong with a location whose form is right; absent if BigQuery is known to have it. */
export function locationDoubt({
  location,
}: Relay): { message: string; remedy: string } | undefined {
  if (isKnownLocation(location)) return undefined;
  const nearest = nearestLocation(location);
  return {
    message: `is "${location}": BigQuery had no such location when this version was made`,
    remedy: `${nearest ? `Did you mean '${nearest}'? ` : ''}See https://cloud.google.com/bigquery/docs/locations.`,
  };
}
