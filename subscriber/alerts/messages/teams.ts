import { type AlertMessage, headline, type MessageAlert, subjectOf, timeText } from './message.ts';

// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: a workflow
// takes a message with adaptive cards, of 28 KB at most.

/** The body for a workflow of Teams, "When a Teams webhook request is received". */
export function teamsBody(message: AlertMessage): object {
  const { alerts, omitted } = message;
  const [link] = alerts.map((alert) => alert.link).filter((one) => one !== null);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            textBlock(headline(message), { size: 'Medium', weight: 'Bolder' }),
            ...alerts.map(containerOf),
            ...(omitted > 0
              ? [textBlock(`… and ${omitted} more: npx tributary alerts list`, { isSubtle: true })]
              : []),
          ],
          ...(link !== undefined && {
            actions: [{ type: 'Action.OpenUrl', title: 'Console', url: link }],
          }),
        },
      },
    ],
  };
}

function containerOf(alert: MessageAlert): object {
  const { state, reason, firedAt, clearedAt, example, command } = alert;
  const isFiring = state === 'firing';
  const facts = [
    ['Fired', timeText(firedAt)],
    ...(clearedAt === null ? [] : [['Cleared', timeText(clearedAt)]]),
    ...(example === null ? [] : [['Example', example]]),
    ['Type', command],
  ];
  return {
    type: 'Container',
    separator: true,
    items: [
      textBlock(`${subjectOf(alert)}${isFiring ? '' : ' (cleared)'}`, {
        weight: 'Bolder',
        color: isFiring ? 'Attention' : 'Good',
      }),
      textBlock(reason, {}),
      {
        type: 'FactSet',
        facts: facts.map(([title = '', value = '']) => ({ title, value: plain(value) })),
      },
    ],
  };
}

function textBlock(text: string, style: object): object {
  return { type: 'TextBlock', text: plain(text), wrap: true, ...style };
}

/** Cards read a part of Markdown: no text shall become a link. */
function plain(text: string): string {
  return text.replaceAll('](', '] (');
}
