import { nearestName } from '../../nearest-name.ts';

/** https://cloud.google.com/bigquery/docs/locations, read in November 2026. */
const locations = [
  ...['US', 'EU'],
  ...['northamerica-northeast1', 'northamerica-northeast2', 'northamerica-south1'],
  ...['southamerica-east1', 'southamerica-west1'],
  ...['us-central1', 'us-east1', 'us-east4', 'us-east5', 'us-south1'],
  ...['us-west1', 'us-west2', 'us-west3', 'us-west4'],
  ...['africa-south1', 'me-central1', 'me-central2', 'me-west1'],
  ...['asia-east1', 'asia-east2', 'asia-northeast1', 'asia-northeast2', 'asia-northeast3'],
  ...['asia-south1', 'asia-south2', 'asia-southeast1', 'asia-southeast2', 'asia-southeast3'],
  ...['australia-southeast1', 'australia-southeast2'],
  ...['europe-central2', 'europe-north1', 'europe-north2', 'europe-southwest1'],
  ...['europe-west1', 'europe-west10', 'europe-west12', 'europe-west2', 'europe-west3'],
  ...['europe-west4', 'europe-west6', 'europe-west8', 'europe-west9'],
] as const;

/** Whether it looks like a location. Google may open a region after this version was made. */
export function isLocationForm(text: string): boolean {
  return /^(?:us|eu|[a-z]+-[a-z]+\d{1,2})$/i.test(text);
}

export function isKnownLocation(text: string): boolean {
  return locations.some((name) => name.toLowerCase() === text.toLowerCase());
}

export function nearestLocation(text: string): string | undefined {
  return nearestName(text, locations);
}
