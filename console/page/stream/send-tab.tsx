import { useEffect, useRef, useState } from 'preact/hooks';
import type { SampleAnswer, SampleInfo, StreamInfo } from '../../contract.ts';
import { Copy, Select } from '../parts/controls.tsx';
import { duration } from '../parts/figures.ts';
import { Empty, Failed, Loading, State } from '../parts/states.tsx';
import { Text } from '../parts/text.tsx';
import { ApiError, api } from '../state/api.ts';
import { deliveries } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { setQuery, useRoute } from '../state/route.ts';
import { useStore } from '../state/store.ts';
import { useInfo } from '../state/use-info.ts';

/** An event of the sender, signed as the sender does, and what becomes of it. */
export function SendTab({ stream }: { stream: StreamInfo }) {
  const { features, role } = useInfo();
  if (features.samples) return <SendForm stream={stream} />;
  return (
    <Empty title="The secrets of senders are not here.">
      <p>
        {role === 'reader' ? 'The read-only token may send nothing. ' : 'Only the edge has them. '}
        This command signs a sample as the sender does, and sends it:
      </p>
      <p>
        <code>
          npx tributary send {stream.name} --to {stream.url.replace(/\/[^/]*$/, '')}
        </code>{' '}
        <Copy
          text={`npx tributary send ${stream.name} --to ${stream.url.replace(/\/[^/]*$/, '')}`}
        />
      </p>
      <p>
        It needs <code>{stream.secrets[0]}</code> in the environment.
      </p>
    </Empty>
  );
}

function SendForm({ stream }: { stream: StreamInfo }) {
  const { query } = useRoute();
  const events = useResource<string[]>(`/streams/${stream.name}/samples`);
  const event = query.get('event') ?? undefined;
  const [draft, setDraft] = useState<SampleInfo>();
  const [problem, setProblem] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const [sent, setSent] = useState<{ answer: SampleAnswer; at: number }>();
  const form = useRef<HTMLFormElement>(null);
  const base = `/streams/${stream.name}/samples`;
  const fail = (error: unknown) =>
    setProblem(
      error instanceof ApiError
        ? error
        : new ApiError(0, { code: 'unexpected', detail: String(error) }),
    );
  const load = () =>
    api<SampleInfo>(`${base}/draft`, { method: 'POST', body: { event } }).then(
      (made) => setDraft({ ...made, body: pretty(made) }),
      fail,
    );
  useEffect(() => void load(), [event, stream.name]);
  const send = async () => {
    if (!draft) return;
    setBusy(true);
    setProblem(undefined);
    try {
      setSent({
        answer: await api<SampleAnswer>(`${base}/send`, { method: 'POST', body: draft }),
        at: Date.now(),
      });
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  };
  if (events.problem) return <Failed problem={events.problem} retry={events.reload} />;
  if (!draft && !problem) return <Loading lines={8} label="Making a sample" />;
  return (
    <form
      ref={form}
      class="panel send-form"
      onSubmit={(submitted) => {
        submitted.preventDefault();
        void send();
      }}
      onKeyDown={(pressed) => {
        if (pressed.key === 'Enter' && (pressed.ctrlKey || pressed.metaKey)) {
          pressed.preventDefault();
          void send();
        }
      }}
    >
      <div class="toolbar">
        <Select
          label="Event"
          value={event ?? ''}
          options={[
            ['', 'the usual event'],
            ...(events.data ?? []).map((name) => [name, name] as const),
          ]}
          onChange={(name) => setQuery({ event: name })}
        />
        <button type="button" class="small" onClick={() => void load()}>
          New ids
        </button>
        <span class="faint">{draft?.contentType}</span>
      </div>
      {draft && (
        <textarea
          class="editor"
          aria-label="Body"
          spellcheck={false}
          rows={Math.min(24, Math.max(8, draft.body.split('\n').length + 1))}
          value={draft.body}
          onInput={(typed) => setDraft({ ...draft, body: typed.currentTarget.value })}
        />
      )}
      {problem && <Failed problem={problem} />}
      <div class="toolbar">
        <button type="submit" class="primary" disabled={isBusy || !draft}>
          {isBusy ? 'Sending …' : 'Sign and send'}
        </button>
        <Copy
          label="Copy as signed curl"
          text={async () =>
            (await api<{ curl: string }>(`${base}/curl`, { method: 'POST', body: draft })).curl
          }
        />
        <span class="faint">A signature with a time in it is valid for some minutes.</span>
      </div>
      {sent && <Sent {...sent} />}
    </form>
  );
}

/** The edge's answer, then the row. */
function Sent({ answer }: { answer: SampleAnswer; at: number }) {
  const settled = useStore(deliveries).find(
    ({ deliveryId }) => deliveryId !== '' && deliveryId === answer.deliveryId,
  );
  const isGood = answer.status >= 200 && answer.status < 300;
  const words = {
    written: 'It is a row',
    'written in part': 'It is a row in part, and a dead letter',
    'dead letter': 'It is a dead letter',
  };
  return (
    <div class="sent" role="status" aria-live="polite">
      <p>
        <State tone={isGood ? 'ok' : 'bad'}>
          {answer.status === 0 ? 'No answer' : `The edge answered ${answer.status}`}
          {answer.outcome ? `, ${answer.outcome}` : ''}
        </State>{' '}
        <span class="faint">after {duration(answer.ms)}</span>
      </p>
      {answer.text && (
        <pre class="code">
          <Text text={answer.text} max={2000} />
        </pre>
      )}
      {isGood && !answer.outcome && answer.deliveryId && (
        <p>
          {settled ? (
            <>
              <State tone={settled.kind === 'written' ? 'ok' : 'warn'}>{words[settled.kind]}</State>{' '}
              <span class="faint">
                {settled.receivedAt
                  ? `${duration(Math.max(0, settled.at - settled.receivedAt))} after the edge had it. `
                  : ''}
              </span>
              <a
                href={
                  settled.kind === 'written' ? '?tab=rows' : `/dead-letters/${settled.deliveryId}`
                }
              >
                Show
              </a>
            </>
          ) : (
            <State tone="busy">On its way to the table</State>
          )}
        </p>
      )}
    </div>
  );
}

/** Indented where it is JSON: the signature is made of what is sent. */
function pretty({ body, contentType }: SampleInfo): string {
  if (!contentType.includes('json') || /[-\d.]{17,}/.test(body)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
