import { RelayError } from './error.ts';

// Until the config's entry point was the package itself, tributary.config.ts imported defineRelay from
// here: an old config fails with this message, which names the change.

const message =
  "tributary.config.ts imports './shared/config.ts', which has moved: import everything from 'tributary-relay', " +
  "such as import { datanostro, defineRelay } from 'tributary-relay';";

/** @throws RelayError `config.invalid`, always */
export function defineRelay(): never {
  throw new RelayError('config.invalid', 'setup', message);
}
