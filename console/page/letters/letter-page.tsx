import { useEffect, useState } from 'preact/hooks';
import type { WholeLetterInfo } from '../../contract.ts';
import { BodyView } from '../parts/body-view.tsx';
import { Copy } from '../parts/controls.tsx';
import { bytes } from '../parts/figures.ts';
import { Empty, Failed, Loading, State } from '../parts/states.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { useResource } from '../state/resource.ts';
import { useInfo } from '../state/use-info.ts';
import { LetterState } from './letter-table.tsx';
import { ReplayBar, trialWords } from './replay-bar.tsx';

/** One dead letter: why, what was sent with the column marked, and what a replay would give now. */
export function LetterPage({ id }: { id: string }) {
  const info = useInfo();
  const [isWhole, setWhole] = useState(false);
  const path = `/letters/${encodeURIComponent(id)}${isWhole ? '?whole=true' : ''}`;
  const { data: letter, problem, reload } = useResource<WholeLetterInfo>(path);
  useEffect(() => {
    document.title = 'Dead letter · Tributary';
  }, []);
  return (
    <>
      <header class="page-head">
        <p class="crumbs">
          <a href="/dead-letters">Dead letters</a>
        </p>
        <h1 tabIndex={-1}>{letter ? <Text text={letter.reason} max={400} /> : 'Dead letter'}</h1>
      </header>
      {problem?.status === 404 && (
        <Empty title="There is no such dead letter.">
          It may be older than the table keeps them.
        </Empty>
      )}
      {problem && problem.status !== 404 && <Failed problem={problem} retry={reload} />}
      {!letter && !problem && <Loading lines={12} />}
      {letter && (
        <>
          <Facts letter={letter} />
          <ReplayBar
            selection={{ ids: [letter.messageId], all: letter.lastResult !== null }}
            size={1}
            isAll={false}
            mayReplay={info.features.replay}
            onDone={reload}
          />
          <section class="panel" aria-labelledby="body-title">
            <header>
              <h2 id="body-title">Body</h2>
              <span class="faint">{bytes(letter.bytes)}</span>
              {letter.isCut && letter.body !== undefined && (
                <button type="button" class="small" onClick={() => setWhole(true)}>
                  Load all of it
                </button>
              )}
              {letter.body !== undefined && <Copy text={letter.body} />}
            </header>
            {letter.body === undefined ? (
              <Empty title="Payloads are masked here.">
                The subscriber runs with CONSOLE_PAYLOADS=masked.
              </Empty>
            ) : letter.body === '' ? (
              <Empty title="The body is empty." />
            ) : (
              <BodyView
                body={letter.body}
                kind={letter.bodyKind ?? 'text'}
                marks={letter.marks ?? []}
              />
            )}
          </section>
          <section class="panel" aria-labelledby="attributes-title">
            <header>
              <h2 id="attributes-title">Attributes of the envelope</h2>
            </header>
            <dl class="pairs">
              {Object.entries(letter.attributes).map(([name, value]) => (
                <div key={name}>
                  <dt>
                    <Text text={name} max={80} />
                  </dt>
                  <dd class="mono">
                    <Text text={value} max={600} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        </>
      )}
    </>
  );
}

function Facts({ letter }: { letter: WholeLetterInfo }) {
  const { trial } = letter;
  return (
    <dl class="facts">
      <div>
        <dt>State</dt>
        <dd>
          <LetterState letter={letter} />
        </dd>
      </div>
      {trial && (
        <div>
          <dt>A replay now would give</dt>
          <dd>
            <State tone={trialWords[trial.kind][0]}>{trialWords[trial.kind][1]}</State>
            {trial.reason && trial.reason !== letter.reason && (
              <span class="faint">
                {' '}
                <Text text={trial.reason} max={160} />
              </span>
            )}
          </dd>
        </div>
      )}
      <div>
        <dt>Stream</dt>
        <dd>
          {letter.stream ? (
            <a href={`/streams/${encodeURIComponent(letter.stream)}`}>
              <Text text={letter.stream} max={60} />
            </a>
          ) : (
            'none'
          )}
        </dd>
      </div>
      {letter.column && (
        <div>
          <dt>Column</dt>
          <dd class="mono">
            <Text text={letter.column} max={100} />
          </dd>
        </div>
      )}
      <div>
        <dt>Received</dt>
        <dd>
          <Time at={letter.receivedAt} />
        </dd>
      </div>
      <div>
        <dt>Stored</dt>
        <dd>
          <Time at={letter.storedAt} />
        </dd>
      </div>
      <div>
        <dt>Delivery</dt>
        <dd class="mono">
          <Text text={letter.deliveryId} max={60} />
        </dd>
      </div>
    </dl>
  );
}
