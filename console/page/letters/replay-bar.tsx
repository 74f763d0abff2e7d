import { useEffect, useState } from 'preact/hooks';
import type { ReplayRun, Selection, TrialGroup } from '../../contract.ts';
import { Dialog, Select } from '../parts/controls.tsx';
import { count, plural } from '../parts/figures.ts';
import { Failed, Loading, State } from '../parts/states.tsx';
import { Text } from '../parts/text.tsx';
import type { Tone } from '../parts/tone.ts';
import { ApiError, api } from '../state/api.ts';
import { pulse } from '../state/live.ts';
import { useStore } from '../state/store.ts';
import { useInfo } from '../state/use-info.ts';

export interface ReplayBarProps {
  selection: Selection | undefined;
  size: number;
  /** Whether all that are shown are meant, because none is chosen. */
  isAll: boolean;
  mayReplay: boolean;
  onDone: () => void;
}

/** Dry-run, replay, and what became of it. */
export function ReplayBar({ selection, size, isAll, mayReplay, onDone }: ReplayBarProps) {
  const [asked, setAsked] = useState<Selection>();
  const [runId, setRunId] = useState<string>();
  const what = isAll ? `all ${count(size)}` : count(size);
  return (
    <>
      {size > 0 && (
        <div class="replay-bar">
          <span class="faint">
            {isAll
              ? `${plural(size, 'dead letter')} shown`
              : `${plural(size, 'dead letter')} chosen`}
          </span>
          {mayReplay ? (
            <button
              type="button"
              class="primary"
              disabled={!selection || size === 0}
              onClick={() => setAsked(selection)}
            >
              Replay {what} …
            </button>
          ) : (
            <button
              type="button"
              disabled={!selection || size === 0}
              onClick={() => setAsked(selection)}
            >
              Dry-run {what}
            </button>
          )}
        </div>
      )}
      <Runs newest={runId} onDone={onDone} />
      {asked && (
        <ReplayDialog
          selection={asked}
          size={size}
          mayReplay={mayReplay}
          onClose={() => setAsked(undefined)}
          onStart={(run) => {
            setAsked(undefined);
            setRunId(run.id);
          }}
        />
      )}
    </>
  );
}

interface ReplayDialogProps {
  selection: Selection;
  size: number;
  mayReplay: boolean;
  onClose: () => void;
  onStart: (run: ReplayRun) => void;
}

/** Says what a replay would give before it is begun. */
function ReplayDialog({ selection, size, mayReplay, onClose, onStart }: ReplayDialogProps) {
  const { streams } = useInfo();
  const [as, setAs] = useState('');
  const [groups, setGroups] = useState<TrialGroup[]>();
  const [problem, setProblem] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const chosen = { ...selection, ...(as && { as }) };
  const fail = (error: unknown) =>
    setProblem(
      error instanceof ApiError
        ? error
        : new ApiError(0, { code: 'unexpected', detail: String(error) }),
    );
  useEffect(() => {
    setGroups(undefined);
    setProblem(undefined);
    let isOld = false;
    api<TrialGroup[]>('/letters/dry-run', { method: 'POST', body: chosen }).then(
      (found) => !isOld && setGroups(found),
      fail,
    );
    return () => {
      isOld = true;
    };
  }, [as]);
  const start = async () => {
    setBusy(true);
    try {
      onStart(await api<ReplayRun>('/replays', { method: 'POST', body: chosen }));
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`${mayReplay ? 'Replay' : 'Dry-run of'} ${plural(size, 'dead letter')}`}
      onClose={onClose}
    >
      <p>Under the config that this subscriber runs with, they would become:</p>
      {problem && <Failed problem={problem} />}
      {!groups && !problem && <Loading lines={3} label="Trying them" />}
      {groups && <TrialGroups groups={groups} />}
      <div class="field">
        Into
        <Select
          label="Into which stream"
          value={as}
          options={[
            ['', 'the stream of each'],
            ...streams.map(({ name }) => [name, name] as const),
          ]}
          onChange={setAs}
        />
      </div>
      <p class="dialog-foot">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        {mayReplay && (
          <button
            type="button"
            class="primary"
            disabled={isBusy || !groups}
            onClick={() => void start()}
          >
            {isBusy ? 'Starting …' : `Replay ${count(size)}`}
          </button>
        )}
      </p>
    </Dialog>
  );
}

export const trialWords: Record<TrialGroup['kind'], readonly [Tone, string]> = {
  row: ['ok', 'a row'],
  'row in part': ['warn', 'a row in part'],
  export: ['ok', 'an export that is loaded'],
  'dead letter': ['bad', 'a dead letter again'],
  'no stream': ['bad', 'nothing: no such stream'],
};

function TrialGroups({ groups }: { groups: readonly TrialGroup[] }) {
  if (groups.length === 0)
    return <p class="faint">None of them is there any more: they may be replayed already.</p>;
  return (
    <ul class="trials">
      {groups.map(({ stream, kind, reason, count: n }) => (
        <li key={`${stream}${kind}${reason}`}>
          <b class="num">{count(n)}</b>
          <State tone={trialWords[kind][0]}>{trialWords[kind][1]}</State>
          <span class="faint">
            <Text text={stream} max={40} />
          </span>
          {reason && (
            <span class="trial-reason">
              <Text text={reason} max={200} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The replays of this subscriber: those of other tabs too. */
function Runs({ newest, onDone }: { newest: string | undefined; onDone: () => void }) {
  const runs = useStore(pulse)?.replays ?? [];
  const shown = runs.filter(
    ({ id, state, endedAt }) =>
      id === newest || state === 'running' || Date.now() - (endedAt ?? 0) < 60_000,
  );
  const own = runs.find(({ id }) => id === newest);
  const isOver = own !== undefined && own.state !== 'running';
  useEffect(() => {
    if (isOver) onDone();
  }, [isOver, newest]);
  if (shown.length === 0) return null;
  return (
    <ul class="runs" aria-live="polite" aria-label="Replays">
      {shown.map((run) => (
        <li key={run.id}>
          <RunState run={run} />
        </li>
      ))}
    </ul>
  );
}

function RunState({ run }: { run: ReplayRun }) {
  const { state, selected, published, results, skipped, problem } = run;
  const known = Object.values(results).reduce((sum, n) => sum + n, 0);
  const isGood = (results['dead letter'] ?? 0) + (results['written in part'] ?? 0) === 0;
  const words = {
    running: 'Replaying',
    done: 'Replayed',
    stopped: 'Stopped',
    failed: 'The replay failed',
  };
  const tone: Tone =
    state === 'running'
      ? 'busy'
      : state === 'done' && isGood && known === published
        ? 'ok'
        : 'warn';
  const parts = [
    ...Object.entries(results).map(([result, n]) => `${count(n)} ${result}`),
    ...(published - known > 0 ? [`${count(published - known)} without a result yet`] : []),
    ...(skipped > 0 ? [`${count(skipped)} left out: replayed already, or by another tab`] : []),
  ];
  return (
    <>
      <State tone={tone}>
        {words[state]} {count(Math.max(selected, published))}
      </State>
      <progress max={Math.max(1, selected)} value={known} aria-label="Known results" />
      <span>{problem?.detail ?? parts.join(', ')}</span>
      {state === 'running' && (
        <button
          type="button"
          class="small"
          onClick={() => void api(`/replays/${run.id}`, { method: 'DELETE' }).catch(() => {})}
        >
          Stop
        </button>
      )}
    </>
  );
}
