import type { AlertFormat } from '../../../shared/config/alert-options.ts';
import type { AlertMessage } from './message.ts';
import { slackBody } from './slack.ts';
import { teamsBody } from './teams.ts';

/** The body of a message, by the format of its receiver. */
export const bodies: Readonly<Record<AlertFormat, (message: AlertMessage) => object>> = {
  generic: (message) => message,
  slack: slackBody,
  teams: teamsBody,
};
