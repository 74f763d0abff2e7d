import type { Relay } from '../../../shared/config/config.ts';
import type { Origins } from '../google/google-apis.ts';
import type { Place } from './place.ts';

export interface ExaminationOptions {
  on?: 'local' | 'google';
  state: string;
  secrets: string;
  /** The URL of the edge. */
  to?: string;
  /** False: no probe is sent. A stream's name: for that one. */
  probe: boolean | string;
  /** How long the probe waits for its row, in seconds. */
  wait: number;
}

/** What the checks look at, and what the earlier ones found for the later ones. */
export interface Examination {
  readonly options: ExaminationOptions;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Of Google's APIs: its own when absent. */
  readonly origins?: Origins;
  /** The folder of the config. */
  readonly folder: string;
  relay?: Relay;
  place?: Place;
  /** By name: the environment, and what only the secrets file has. */
  secrets?: Readonly<Record<string, string | undefined>>;
  /** The key of the account that publishes, where this machine has it. */
  publisher?: { json: string; email: string };
  /** Without a slash at its end. */
  edge?: string;
}

/** The config, for a check that needs it. */
export function relayOf({ relay }: Examination): Relay {
  if (!relay) throw new TypeError('the check needs the config');
  return relay;
}

/** Google or the local servers, for a check that needs them. */
export function placeOf({ place }: Examination): Place {
  if (!place) throw new TypeError('the check needs to know where the relay is');
  return place;
}
