import { type AlertMessage, headline, type MessageAlert, subjectOf, timeText } from './message.ts';

// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: blocks, and text for notifications.

const maxHeaderLength = 150;
const maxSectionLength = 2900;

/** The body for an incoming webhook of Slack. */
export function slackBody(message: AlertMessage): object {
  const title = headline(message);
  const { omitted } = message;
  return {
    text: escapeText(title),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title.slice(0, maxHeaderLength) } },
      ...message.alerts.map((alert) => section(textOf(alert))),
      ...(omitted > 0 ? [section(`… and ${omitted} more: \`npx tributary alerts list\``)] : []),
    ],
  };
}

function section(text: string): object {
  return { type: 'section', text: { type: 'mrkdwn', text: text.slice(0, maxSectionLength) } };
}

function textOf(alert: MessageAlert): string {
  const { state, reason, firedAt, clearedAt, example, command, link } = alert;
  const sign = state === 'firing' ? ':red_circle:' : ':large_green_circle:';
  const time =
    clearedAt === null
      ? `Since ${timeText(firedAt)}`
      : `Cleared ${timeText(clearedAt)}, fired ${timeText(firedAt)}`;
  return [
    `${sign} *${escapeText(subjectOf(alert))}*${state === 'clear' ? ' (cleared)' : ''}`,
    escapeText(reason),
    `${time}${example === null ? '' : `, for example \`${escapeText(example)}\``}`,
    link === null
      ? `\`${escapeText(command)}\``
      : `<${escapeText(link)}|Console>, or \`${escapeText(command)}\``,
  ].join('\n');
}

/** https://docs.slack.dev/messaging/formatting-message-text: these three are control characters. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
