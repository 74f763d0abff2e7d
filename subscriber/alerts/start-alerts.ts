import type { AlertOptions } from '../../shared/config/alert-options.ts';
import { AlertWatch, type AlertWatchOptions } from './alert-watch.ts';
import { alertSettings } from './settings.ts';

export interface Alerts {
  stop(): Promise<void>;
}

/** Starts to watch. Loaded only where the config has alerts. */
export function startAlerts(
  alerts: AlertOptions,
  options: Omit<AlertWatchOptions, 'settings'>,
): Alerts {
  const watch = new AlertWatch({ ...options, settings: alertSettings(alerts) });
  void watch.run();
  return { stop: () => watch.stop() };
}
