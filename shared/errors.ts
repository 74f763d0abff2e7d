/**
 * What the code that catches an error should do about it. `setup`: a person must change the configuration.
 * `transient`: try again. `throttled`: slow down, then try again. `invalid`: never try again, because the data
 * itself is wrong.
 */
export type Reaction = 'setup' | 'throttled' | 'transient' | 'invalid';

interface ErrorEntry {
  reaction: Reaction;
  /** One sentence: what happened. */
  meaning: string;
  /** What a person should do. */
  remedy: string;
}

/**
 * Every error, by its stable code. docs/errors.md is made from this table. The Worker throws RelayErrors but
 * never reads the table, so its bundle does not contain it; a test holds that.
 */
export const errors = {
  'alerts.none': {
    reaction: 'setup',
    meaning: 'The config has no alerts.',
    remedy:
      "Write `alerts: { receivers: [{ url: 'ALERTS_URL', format: 'generic' }] }` in tributary.config.ts; docs/operate/alerts.md explains it.",
  },
  'alerts.receiver': {
    reaction: 'setup',
    meaning: 'No receiver of alerts has this name.',
    remedy: 'Use the name of the variable that holds its URL, as the message lists them.',
  },
  'arguments.invalid': {
    reaction: 'setup',
    meaning: 'The subscriber was started with arguments that it does not know.',
    remedy: 'Use the arguments that the message shows.',
  },
  'bigquery.abandoned': {
    reaction: 'transient',
    meaning: 'A write was given up before it was committed, so none of its rows are in the table.',
    remedy: 'Run the command again: it continues where it stopped.',
  },
  'bigquery.append': {
    reaction: 'transient',
    meaning: 'BigQuery did not take the rows, although they were sent again for several minutes.',
    remedy: 'Run the command again when BigQuery answers: it continues where it stopped.',
  },
  'bigquery.commit': {
    reaction: 'transient',
    meaning: 'BigQuery did not commit the rows, so none of them are visible.',
    remedy: 'Run the command again: it writes only what is missing.',
  },
  'bigquery.credentials': {
    reaction: 'setup',
    meaning: 'No Google credentials were found.',
    remedy:
      'Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account.',
  },
  'bigquery.nowhere': {
    reaction: 'setup',
    meaning: 'No local relay is running, and Google BigQuery was not chosen.',
    remedy: 'Start a local relay with `npm start`, or choose BigQuery with `--on google`.',
  },
  'bigquery.query': {
    reaction: 'transient',
    meaning: 'BigQuery could not run a query on the table.',
    remedy: 'Run the command again.',
  },
  'bigquery.query-refused': {
    reaction: 'setup',
    meaning: 'BigQuery refuses to run a query on the table.',
    remedy:
      'Give the account the roles BigQuery Data Viewer on the dataset and BigQuery Job User on the project, and check that the table has the columns of the stream.',
  },
  'bigquery.refused': {
    reaction: 'setup',
    meaning: 'BigQuery refuses to take rows into the table.',
    remedy:
      'Give the account the role BigQuery Data Editor on the dataset, and check that the table has the columns of the stream.',
  },
  'bigquery.row-count': {
    reaction: 'transient',
    meaning: 'BigQuery received another number of rows than were sent, so nothing was committed.',
    remedy: 'Run the command again: it writes only what is missing.',
  },
  'bigquery.stream': {
    reaction: 'transient',
    meaning:
      'BigQuery did not open or close a write stream, although it was asked for several minutes.',
    remedy: 'Run the command again when BigQuery answers: it continues where it stopped.',
  },
  'body.unreadable': {
    reaction: 'setup',
    meaning: 'The file with the body to send cannot be read.',
    remedy: 'Check the path and the permissions of the file.',
  },
  'command.stopped': {
    reaction: 'transient',
    meaning: 'The command was stopped with Ctrl-C or by a signal.',
    remedy: 'Run the command again: it continues where it stopped.',
  },
  'config.broken': {
    reaction: 'setup',
    meaning: 'The config file cannot be run: it has a syntax error, or its own code fails.',
    remedy:
      'Correct the line that the message names. If a package is missing, run `npm install` in the folder of the config.',
  },
  'config.invalid': {
    reaction: 'setup',
    meaning: 'tributary.config.ts has one or more problems.',
    remedy: 'Correct each path that the message names, then run `npx tributary check`.',
  },
  'config.missing': {
    reaction: 'setup',
    meaning: 'There is no config file.',
    remedy:
      'Run `npx tributary init`, change to the folder of the relay, or name the file with `--config`.',
  },
  'config.moved': {
    reaction: 'setup',
    meaning:
      'tributary.config.ts was written for an older version: it imports a file that has moved.',
    remedy:
      "Import everything from the package: `import { datanostro, defineRelay } from 'tributary-relay';`.",
  },
  'config.no-relay': {
    reaction: 'setup',
    meaning: 'The config file does not export a relay.',
    remedy: 'Write `export const relay = defineRelay({ … });` in it.',
  },
  'console.unbuilt': {
    reaction: 'setup',
    meaning: 'The page of the console is not built, and cannot be built here.',
    remedy:
      'Run `npm ci` with the development packages, or `node console/assets/build.ts` where they are.',
  },
  'dead-letter.selection': {
    reaction: 'setup',
    meaning: 'A replay was asked for without saying of which dead letters.',
    remedy: 'Give ids or a filter, or `--all`; `--dry-run` shows what would happen.',
  },
  'dead-letter.unknown': {
    reaction: 'setup',
    meaning: 'There is no dead letter with this id.',
    remedy: 'Run `npx tributary dead-letters list --all`.',
  },
  'delimited.encoding': {
    reaction: 'invalid',
    meaning: 'A file contains bytes that are not in the encoding in which it is read.',
    remedy:
      'Set the encoding of the file: `--encoding` for an import, `encoding` in the stream for exports.',
  },
  'delimited.header': {
    reaction: 'invalid',
    meaning: 'The header of a CSV file cannot be read.',
    remedy:
      'Correct the header. If the cells are separated by another character, set it: `--delimiter` for an import, `delimiter` in the stream for exports.',
  },
  'delimited.unknown-encoding': {
    reaction: 'setup',
    meaning: 'The configured encoding does not exist.',
    remedy: 'Use a name from the WHATWG Encoding Standard, for example windows-1252.',
  },
  'delivery.event': {
    reaction: 'setup',
    meaning: 'The sender of the stream has no sample with this name.',
    remedy: 'Choose an event that `npx tributary send <stream> --list-events` prints.',
  },
  'delivery.header': {
    reaction: 'setup',
    meaning: 'A header of the delivery is not one.',
    remedy: 'Write it as `--header "name: value"`.',
  },
  'delivery.set': {
    reaction: 'setup',
    meaning: 'A value cannot be set in the body.',
    remedy:
      'Write it as `--set "$.path=value"`, with a path of the JSON body or the name of a field of a form.',
  },
  'delivery.unsignable': {
    reaction: 'setup',
    meaning: 'The body cannot be signed as the scheme of the stream requires.',
    remedy:
      'Check that the body has the shape that this sender uses, and that the secret is its own.',
  },
  'deploy.secrets': {
    reaction: 'setup',
    meaning: 'The Worker requires secrets that Cloudflare does not have.',
    remedy:
      'Set each of them with the command in the message, or let `tributary deploy --set-secrets` take them from the secrets file.',
  },
  'deploy.settings': {
    reaction: 'setup',
    meaning: 'Something that `tributary deploy` needs is missing or does not fit.',
    remedy: 'Correct each line of the message, then run the command again.',
  },
  'edge.invalid': {
    reaction: 'setup',
    meaning: 'The value of --to is not the URL of an edge.',
    remedy: 'Give the URL without user, query and fragment: `--to https://relay.example.com`.',
  },
  'edge.nowhere': {
    reaction: 'setup',
    meaning: 'No local relay is running, and no other edge was named.',
    remedy: 'Start a local relay with `npm start`, or name an edge with `--to`.',
  },
  'edge.unreachable': {
    reaction: 'transient',
    meaning: 'The edge did not answer.',
    remedy: 'Check the URL and the network, then send the delivery again.',
  },
  'environment.invalid': {
    reaction: 'setup',
    meaning: 'An environment variable is missing or has an invalid value.',
    remedy: 'Set each variable that the message names.',
  },
  'environment.packages': {
    reaction: 'setup',
    meaning: 'The environment asks for metrics or traces, and what exports them is not installed.',
    remedy:
      'Run the command that the message names in the folder of package.json, and deploy again; or unset the variables.',
  },
  'export.api': {
    reaction: 'setup',
    meaning: 'The stream filters exports by experiment, but has no API to ask about experiments.',
    remedy: 'Set `apiUrl` of the stream and the secret with its API key.',
  },
  'export.bigquery': {
    reaction: 'transient',
    meaning: 'BigQuery did not take the file of an export. The subscriber tries again.',
    remedy:
      'If the message names a permission, give the account BigQuery Data Editor on the dataset and BigQuery Job User on the project. Otherwise do nothing.',
  },
  'export.bigquery-refused': {
    reaction: 'invalid',
    meaning: 'BigQuery refuses the file of an export because of its content.',
    remedy: 'Look at the file that the message names, and export it again.',
  },
  'export.client': {
    reaction: 'setup',
    meaning: 'The client library for the bucket of the exports cannot be loaded or configured.',
    remedy:
      'Install the dependencies again, and check the credentials for the bucket: Google Cloud or AWS.',
  },
  'export.corrupt': {
    reaction: 'invalid',
    meaning: 'A file in the ZIP of an export is truncated or damaged.',
    remedy: 'Export it again.',
  },
  'export.csv': {
    reaction: 'invalid',
    meaning: 'A CSV file of an export cannot be read.',
    remedy:
      'Look at the line that the message names. If the encoding or the delimiter is another, set it in the stream.',
  },
  'export.disk': {
    reaction: 'transient',
    meaning:
      'The spooled ZIP of an export cannot be read from the disk. The subscriber tries again.',
    remedy: 'Check the temporary directory of the subscriber.',
  },
  'export.encrypted': {
    reaction: 'invalid',
    meaning: 'A file in the ZIP of an export is encrypted.',
    remedy: 'Export it without a password.',
  },
  'export.entries': {
    reaction: 'invalid',
    meaning: 'The ZIP of an export has more entries than are allowed.',
    remedy: 'Export less at once.',
  },
  'export.experiment': {
    reaction: 'invalid',
    meaning: 'The API did not answer with the experiment of an export.',
    remedy: 'Check `apiUrl` of the stream, and that the experiment exists.',
  },
  'export.filter': {
    reaction: 'invalid',
    meaning: 'The stream filters exports by experiment, but the delivery names no experiment.',
    remedy: 'Send the id of the experiment with the webhook, or remove `exportFilter`.',
  },
  'export.job': {
    reaction: 'transient',
    meaning: 'BigQuery does not know a load job that it accepted. The subscriber tries again.',
    remedy: 'Do nothing unless it is repeated; then ask the support of Google Cloud about the job.',
  },
  'export.load': {
    reaction: 'transient',
    meaning: 'A load job failed for a reason outside the file. The subscriber tries again.',
    remedy:
      'If the message names a permission, give the account BigQuery Data Editor on the dataset and BigQuery Job User on the project. Otherwise do nothing.',
  },
  'export.load-refused': {
    reaction: 'invalid',
    meaning: 'A load job failed because of the content of the file.',
    remedy: 'Look at the file and the line that the message names, and export it again.',
  },
  'export.method': {
    reaction: 'invalid',
    meaning: 'A file in the ZIP of an export is compressed by a method that is not supported.',
    remedy: 'Compress it with deflate, or store it without compression.',
  },
  'export.network': {
    reaction: 'transient',
    meaning: 'A connection was lost or silent for too long. The subscriber tries again.',
    remedy:
      'If it is repeated, check the network between the subscriber and the host in the message.',
  },
  'export.no-csv': {
    reaction: 'invalid',
    meaning: 'The ZIP of an export contains no CSV file.',
    remedy: 'Choose CSV as the format of the export.',
  },
  'export.not-a-zip': {
    reaction: 'invalid',
    meaning: 'The downloaded file is not a readable ZIP.',
    remedy: 'Open the download URL yourself: the file may be an error page. Export it again.',
  },
  'export.not-found': {
    reaction: 'invalid',
    meaning: 'The announced file or experiment does not exist.',
    remedy:
      'Check `apiUrl`, or the bucket and its prefix. The export may have expired: export it again.',
  },
  'export.ratio': {
    reaction: 'invalid',
    meaning: 'A file of an export inflates to many times its size, as a ZIP bomb does.',
    remedy: 'Look at the ZIP before you trust its sender.',
  },
  'export.redirect': {
    reaction: 'invalid',
    meaning:
      'The API answered with a redirect, which is not followed because it would take the key along.',
    remedy: 'Set `apiUrl` to the URL to which it redirects, if you trust it.',
  },
  'export.schema': {
    reaction: 'invalid',
    meaning: 'A file of an export has columns that are not in the schema of the stream.',
    remedy: 'Add the columns to `schema` of the stream, or export without them.',
  },
  'export.status': {
    reaction: 'invalid',
    meaning: 'The API or the bucket answered with an unexpected status.',
    remedy: 'Look up the status in the documentation of the sender.',
  },
  'export.stopped': {
    reaction: 'transient',
    meaning: 'The subscriber stopped while it loaded an export.',
    remedy: 'Do nothing: the export is loaded after the next start.',
  },
  'export.table-types': {
    reaction: 'setup',
    meaning:
      'A column of the table has another type than the schema of the stream. The export waits.',
    remedy: 'Change the table or `schema` of the stream, so that both have the same type.',
  },
  'export.too-large': {
    reaction: 'invalid',
    meaning: 'The ZIP of an export, or what it contains, is larger than allowed.',
    remedy: 'Export less at once.',
  },
  'export.twice': {
    reaction: 'invalid',
    meaning: 'The ZIP of an export contains two files of the same name.',
    remedy: 'Export it again.',
  },
  'export.unauthorized': {
    reaction: 'invalid',
    meaning: 'The API or the bucket refuses the credentials.',
    remedy:
      'Set the API key of the stream, or give the account of the subscriber the right to read the bucket. Then replay the dead letter.',
  },
  'export.unavailable': {
    reaction: 'transient',
    meaning: 'The API, the bucket or BigQuery is busy or down. The subscriber tries again.',
    remedy: 'Do nothing unless it lasts for hours.',
  },
  'export.upload': {
    reaction: 'transient',
    meaning: 'An upload to BigQuery ended unexpectedly. The subscriber tries again.',
    remedy: 'Do nothing unless it is repeated.',
  },
  'export.url': {
    reaction: 'invalid',
    meaning: 'The announced URL is not below the configured API or bucket, or names no file.',
    remedy: 'Check `apiUrl` of the stream. If it is right, do not trust the sender.',
  },
  'file.unusable': {
    reaction: 'setup',
    meaning: 'The system does not let the command use a file or a folder.',
    remedy:
      'Check the path, its owner and permissions, and the free space; or name another path with the option of the command.',
  },
  'filter.unjudged': {
    reaction: 'setup',
    meaning: 'The filter looks at what the table does not hold, so stored rows cannot be judged.',
    remedy:
      'Try the filter on saved deliveries with `npx tributary try`, or give the table a column with the whole event.',
  },
  'filter.unreadable': {
    reaction: 'setup',
    meaning: 'The filter of the command line cannot be read.',
    remedy: 'Write it as in tributary.config.ts, in quotes: `--filter "{ event: \'^order\' }"`.',
  },
  'google.project': {
    reaction: 'setup',
    meaning: 'The Google Cloud project does not exist, or you may not look at it.',
    remedy:
      'Check `project` in tributary.config.ts against `gcloud projects list`, and that you are logged in with the right account.',
  },
  'google.unreachable': {
    reaction: 'transient',
    meaning: 'Google does not answer from this machine.',
    remedy:
      'Check the network and the proxy, then run the command again: it goes on from where it stopped.',
  },
  'history.broken': {
    reaction: 'transient',
    meaning: "The answer of the sender's history API broke off several times.",
    remedy: 'Run the command again: it continues where it stopped. A shorter `--window` may help.',
  },
  'history.no-jsonl': {
    reaction: 'setup',
    meaning: "The sender's history API answered with an HTML page instead of events.",
    remedy: 'Check `history.url` and `history.path` of the stream.',
  },
  'history.not-found': {
    reaction: 'setup',
    meaning: "The sender's history API does not exist at this URL.",
    remedy: 'Check `history.url` and `history.path` of the stream.',
  },
  'history.redirect': {
    reaction: 'setup',
    meaning:
      "The sender's history API answered with a redirect, which is not followed because it would take the key along.",
    remedy: 'Set `history.url` to the URL to which it redirects, if you trust it.',
  },
  'history.refused': {
    reaction: 'setup',
    meaning: "The sender's history API refuses the request.",
    remedy:
      'Check `history.path` and the range of the command against the documentation of the sender.',
  },
  'history.unauthorized': {
    reaction: 'setup',
    meaning: "The sender's history API refuses the API key.",
    remedy: 'Set `<STREAM>_API_KEY` to a key that may read the export of history.',
  },
  'history.unavailable': {
    reaction: 'transient',
    meaning: "The sender's history API was busy or down for ten minutes.",
    remedy: 'Run the command again later: it continues where it stopped.',
  },
  'history.unusable': {
    reaction: 'setup',
    meaning: "Nothing in the answer of the sender's history API is an event.",
    remedy: 'Check `history.path` of the stream: the message shows how the answer begins.',
  },
  'import.gzip': {
    reaction: 'invalid',
    meaning: 'A gzip file is damaged.',
    remedy: 'Make or download the file again. The rows before the damage are in the table.',
  },
  'import.no-file': {
    reaction: 'setup',
    meaning: 'There is no file to import at the path, or it cannot be read.',
    remedy: 'Check the path and the permissions. A folder needs CSV, JSON, NDJSON or ZIP files.',
  },
  'import.zip': {
    reaction: 'setup',
    meaning: 'A ZIP cannot be read from standard input.',
    remedy: 'Give the path of the ZIP.',
  },
  'init.exists': {
    reaction: 'setup',
    meaning: 'The folder has a tributary.config.ts already, so it is a relay.',
    remedy: 'Add a stream to the config, or name another folder.',
  },
  'init.manifest': {
    reaction: 'setup',
    meaning: 'package.json cannot be read.',
    remedy: 'Correct the JSON of package.json, then run the command again.',
  },
  'init.no-terminal': {
    reaction: 'setup',
    meaning: '`tributary init` has a question, and runs where nobody can answer.',
    remedy: 'Give each option that the message names, or `--yes` for the defaults.',
  },
  'init.unwritable': {
    reaction: 'setup',
    meaning: 'The folder cannot be read or written.',
    remedy: 'Check the path and its permissions. Nothing was written.',
  },
  'line.rejected': {
    reaction: 'invalid',
    meaning: 'A line cannot become a row, and `--strict` stops at the first one.',
    remedy: 'Correct the line, or run the command without `--strict` to skip such lines.',
  },
  'local.missing': {
    reaction: 'setup',
    meaning: 'The packages that the relay on one machine needs could not be installed.',
    remedy: 'Run the npm command of the message yourself; it shows what is wrong.',
  },
  'overflow.timeout': {
    reaction: 'transient',
    meaning: 'The bucket OVERFLOW_OBJECTS did not answer. The Worker tries again.',
    remedy: 'Do nothing unless it lasts; then look at the status of Cloudflare R2.',
  },
  'overflow.unbound': {
    reaction: 'setup',
    meaning:
      'A delivery in the overflow queue needs the bucket OVERFLOW_OBJECTS, which is not bound.',
    remedy: 'Bind the bucket OVERFLOW_OBJECTS in wrangler.toml, and deploy.',
  },
  'overflow.unreadable': {
    reaction: 'setup',
    meaning: 'An object in the bucket OVERFLOW_OBJECTS does not contain a delivery.',
    remedy: 'Look at the object: another program may write into the same bucket.',
  },
  'part.ended': {
    reaction: 'setup',
    meaning: 'A part of the local relay ended before it was ready.',
    remedy: 'Read the lines that it printed; the message repeats the last of them.',
  },
  'part.failed': {
    reaction: 'setup',
    meaning: 'A part of the local relay could not start.',
    remedy: 'Read the cause in the message.',
  },
  'port.taken': {
    reaction: 'setup',
    meaning: 'A port that is needed is in use.',
    remedy: 'Stop the program that uses the port, or choose another port.',
  },
  'provision.settings': {
    reaction: 'setup',
    meaning: 'Settings that `tributary provision` needs are missing.',
    remedy: 'Correct each line of the message, then run the command again.',
  },
  'query.failed': {
    reaction: 'setup',
    meaning: 'BigQuery refuses the query.',
    remedy: 'Correct the statement as the message of BigQuery says.',
  },
  'query.none': {
    reaction: 'setup',
    meaning: 'The command needs exactly one query.',
    remedy: 'Give one statement, or `--saved <name>`.',
  },
  'query.parameter': {
    reaction: 'setup',
    meaning: 'A parameter of a saved query is unknown or has an invalid value.',
    remedy: 'Give `--param name=value` as the message says.',
  },
  'query.stream': {
    reaction: 'setup',
    meaning: 'The saved query does not fit the stream.',
    remedy: 'Name a stream of the right source with `--stream`.',
  },
  'query.unknown': {
    reaction: 'setup',
    meaning: 'There is no saved query of this name.',
    remedy: 'Use one of the names that the message lists.',
  },
  'range.empty': {
    reaction: 'setup',
    meaning: 'The range of time is empty.',
    remedy: 'Give a `--from` that is before `--to`.',
  },
  'range.too-many-duplicates': {
    reaction: 'setup',
    meaning: 'More ids are duplicated in the table than fit in memory.',
    remedy: 'Reconcile a shorter range.',
  },
  'refused.unknown': {
    reaction: 'setup',
    meaning: 'The edge refused no such delivery in the last day, or no longer keeps it.',
    remedy: 'Look for it with `tributary refused`, or `tributary trace <id>` if it was accepted.',
  },
  'rejected.file': {
    reaction: 'setup',
    meaning: 'The file for the rejected lines cannot be written.',
    remedy: 'Give `--rejected` the path of a file in a folder that exists and can be written.',
  },
  'secret.evidence': {
    reaction: 'setup',
    meaning: 'Nothing shows that the sender no longer uses the secret.',
    remedy:
      'Bind DELIVERIES in wrangler.toml, and wait until deliveries match the new secret. If you know that the sender uses the new one, add `--force`.',
  },
  'secret.in-use': {
    reaction: 'setup',
    meaning: 'The secret is still used.',
    remedy: 'Let the sender sign with the new secret, then run the command again.',
  },
  'secret.invalid': {
    reaction: 'setup',
    meaning: 'The text cannot be a secret of this stream.',
    remedy: 'Copy the secret again, as the sender shows it.',
  },
  'secret.key-pair': {
    reaction: 'setup',
    meaning: 'The sender has a key pair, so its key cannot be generated.',
    remedy: 'Copy the public key from the sender: `npx tributary secret <stream> --stdin`.',
  },
  'secret.last': {
    reaction: 'setup',
    meaning: 'A stream needs a secret, and this is its only one.',
    remedy: 'Add a new one first: `npx tributary secret <stream> rotate`.',
  },
  'secret.live': {
    reaction: 'setup',
    meaning: 'The edge has this secret already, and replacing it refuses deliveries.',
    remedy: 'Add the new secret beside it with `rotate --stdin`, or replace it with `--force`.',
  },
  'secret.missing': {
    reaction: 'setup',
    meaning: 'The secret of the stream was not found.',
    remedy: 'Set the variable that the message names in the environment or in the secrets file.',
  },
  'secret.private': {
    reaction: 'setup',
    meaning: 'Only the sender can sign for this stream, with its private key.',
    remedy: 'Name the variable that holds a private key with `--secret`.',
  },
  'secret.too-many': {
    reaction: 'setup',
    meaning: 'A stream has four secrets at most.',
    remedy: 'Retire one first: `npx tributary secret <stream> retire <name>`.',
  },
  'secret.unknown': {
    reaction: 'setup',
    meaning: 'The stream has no secret of that name.',
    remedy: 'Use a name that the message shows.',
  },
  'secrets.unreadable': {
    reaction: 'setup',
    meaning: 'The file with the secrets cannot be read or written.',
    remedy: 'Give `--secrets` the path of a file that you may read and write, such as .dev.vars.',
  },
  'service-account.invalid': {
    reaction: 'setup',
    meaning: 'The secret GOOGLE_SERVICE_ACCOUNT is not the key of a service account.',
    remedy:
      'Store the whole JSON key file: `npx wrangler secret put GOOGLE_SERVICE_ACCOUNT < key.json`.',
  },
  'stack.running': {
    reaction: 'setup',
    meaning: 'A local relay already uses this state folder.',
    remedy: 'Stop it first, or give this one its own folder with `--state`.',
  },
  'state.corrupt': {
    reaction: 'setup',
    meaning: 'A file of the local servers is damaged, or is no file of theirs.',
    remedy:
      'Restore the folder from a backup, name another one (`--data` of `tributary local`, else `--state`), or start empty: `tributary local --reset` deletes what is there.',
  },
  'state.locked': {
    reaction: 'setup',
    meaning: 'Another local server uses this folder.',
    remedy:
      'Stop the other server, or name another folder: `--data` of `tributary local`, else `--state`.',
  },
  'state.unusable': {
    reaction: 'setup',
    meaning: 'The state folder cannot be created or written.',
    remedy:
      'Name a folder that you may write (`--state`, or `--data` of `tributary local`), correct its permissions, or free space on its disk.',
  },
  'state.version': {
    reaction: 'setup',
    meaning: 'The state folder was written by a newer version of Tributary.',
    remedy:
      'Start the version that the message names, or a newer one; or start with an empty folder: `--state <folder>`.',
  },
  'stream.no-id': {
    reaction: 'setup',
    meaning: 'The table of the stream has no column that identifies an event.',
    remedy: 'Add a column that is filled from `event:id`, or a `key`, to the stream.',
  },
  'stream.no-rows': {
    reaction: 'setup',
    meaning: 'The stream loads export files, so events cannot be written into its table.',
    remedy: 'Name a stream that receives events.',
  },
  'stream.no-time': {
    reaction: 'setup',
    meaning: 'The table of the stream has no column with the time of an event.',
    remedy: 'Use `tributary import`, or add a TIMESTAMP column that is filled from `event:time`.',
  },
  'stream.unknown': {
    reaction: 'setup',
    meaning: 'There is no stream of this name in tributary.config.ts.',
    remedy: 'Use one of the names that the message lists.',
  },
  'subscription.dead-letter-topic': {
    reaction: 'setup',
    meaning:
      'The subscription has a dead-letter topic, where good deliveries would end while one table is down.',
    remedy: 'Remove the dead-letter policy with the command in the message.',
  },
  'table.incompatible': {
    reaction: 'setup',
    meaning: 'The table in BigQuery differs from what the stream describes.',
    remedy: 'Change the stream to match the table, change the table, or name another table.',
  },
  'table.refused': {
    reaction: 'setup',
    meaning: 'BigQuery refuses to create the table as the stream describes it.',
    remedy: 'Change in the stream what the message of BigQuery names.',
  },
  'table.unreachable': {
    reaction: 'setup',
    meaning: 'The table can be neither created nor read.',
    remedy: 'Check the project, the credentials, and the role BigQuery Data Editor on the dataset.',
  },
  'tail.name-taken': {
    reaction: 'setup',
    meaning: 'The subscription that `tributary tail` would use is used for something else.',
    remedy: 'Choose another name with `--name`, or delete the subscription.',
  },
  'tail.no-topic': {
    reaction: 'setup',
    meaning: 'The topic of the relay does not exist.',
    remedy: 'Run `tributary provision`, and check `project` and `topic` in tributary.config.ts.',
  },
  'tail.receiver': {
    reaction: 'setup',
    meaning: 'Deliveries cannot be forwarded to this URL.',
    remedy: 'Give `--forward-to` the http or https URL of another receiver.',
  },
  'tail.refused': {
    reaction: 'setup',
    meaning: 'The account may not make a subscription of its own.',
    remedy:
      'Give the account the role Pub/Sub Editor (`roles/pubsub.editor`) on the project, or one with the permissions in the message.',
  },
  'trace.id': {
    reaction: 'setup',
    meaning: 'This is not the id of a delivery.',
    remedy:
      'Use the id that the edge returned in the header `tributary-delivery-id`, or its first eight characters or more.',
  },
  'window.too-many-events': {
    reaction: 'invalid',
    meaning: 'The shortest window of a backfill has more events than fit in memory.',
    remedy: 'Export these events to a file, and use `tributary import`.',
  },
  'wrangler.config': {
    reaction: 'setup',
    meaning: 'wrangler.toml cannot be read.',
    remedy: 'Correct the line that the message names.',
  },
  'wrangler.failed': {
    reaction: 'setup',
    meaning: 'wrangler ended with an error.',
    remedy:
      'Read what wrangler printed above; `npx wrangler login` if it has no access to Cloudflare.',
  },
  'wrangler.login': {
    reaction: 'setup',
    meaning: 'wrangler is not logged in to Cloudflare, or may not read the Worker.',
    remedy: 'Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN.',
  },
  'wrangler.missing': {
    reaction: 'setup',
    meaning: 'wrangler, which deploys the Worker, is not installed in this project.',
    remedy: 'Run the command in the message, in the folder of wrangler.toml.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** Stable, for code, logs and alerts. */
export type ErrorCode = keyof typeof errors;

/** The unexpected. Expected results (an outcome, an invalid row) are values, not errors. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  readonly code: ErrorCode;

  /** @param message the particulars; what the code means in general is in the table */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
