import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LetterList, Selection } from '../../contract.ts';
import { Search, Select } from '../parts/controls.tsx';
import { count, plural } from '../parts/figures.ts';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { deliveries } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { setQuery, useRoute } from '../state/route.ts';
import { useStore } from '../state/store.ts';
import { useInfo } from '../state/use-info.ts';
import { groupsOf } from './group-letters.ts';
import { LetterTable } from './letter-table.tsx';
import { ReplayBar } from './replay-bar.tsx';

const ages = [
  ['', 'Any age'],
  ['1', 'Last hour'],
  ['24', 'Last day'],
  ['168', 'Last week'],
] as const;

/** What is not a row, or only in part: found, understood by its reason, and replayed. */
export function LettersPage() {
  const { query } = useRoute();
  const info = useInfo();
  const { stream = '', reason = '', hours = '', group = '', all = '' } = Object.fromEntries(query);
  useEffect(() => {
    document.title = 'Dead letters · Tributary';
  }, []);
  const path = useMemo(() => {
    const wanted = new URLSearchParams();
    if (stream) wanted.set('stream', stream);
    if (reason) wanted.set('reason', reason);
    if (all) wanted.set('all', 'true');
    if (hours)
      wanted.set(
        'since',
        String(Math.floor(Date.now() / 60_000) * 60_000 - Number(hours) * 3_600_000),
      );
    return `/letters?${wanted}`;
  }, [stream, reason, hours, all]);
  const { data, problem, isLoading, reload } = useResource<LetterList>(path);
  useReloadOnLetters(reload);
  const groups = useMemo(() => groupsOf(data?.letters ?? []), [data]);
  const letters = useMemo(
    () =>
      group ? (groups.find(({ name }) => name === group)?.letters ?? []) : (data?.letters ?? []),
    [data, groups, group],
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const isFiltered = Boolean(stream || reason || hours);
  const named =
    chosen.size > 0 ? letters.filter(({ messageId }) => chosen.has(messageId)) : letters;
  const selection: Selection | undefined =
    named.length > 0
      ? { ids: named.map(({ messageId }) => messageId), ...(all && { all: true }) }
      : undefined;
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Dead letters</h1>
        <p>Deliveries that are no row, or one only in part. Each is kept as it was sent.</p>
      </header>
      <div class="toolbar" role="search">
        <Search
          value={reason}
          label="Search in the reasons"
          onChange={(text) => setQuery({ reason: text, group: undefined })}
        />
        <Select
          label="Stream"
          value={stream}
          options={[['', 'All streams'], ...info.streams.map(({ name }) => [name, name] as const)]}
          onChange={(name) => setQuery({ stream: name, group: undefined }, { replace: false })}
        />
        <Select
          label="Age"
          value={hours}
          options={ages}
          onChange={(value) => setQuery({ hours: value })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={all !== ''}
            onChange={(event) => setQuery({ all: event.currentTarget.checked ? '1' : undefined })}
          />
          also replayed
        </label>
        <span class="toolbar-end">
          {isLoading && <span class="faint">reading …</span>}
          <button type="button" onClick={reload}>
            Refresh
          </button>
        </span>
      </div>
      {problem && <Failed problem={problem} retry={reload} />}
      {!data && !problem && <Loading lines={10} label="Reading the dead letters" />}
      {/* Also without a letter: it shows what became of the last ones. */}
      {data && (
        <ReplayBar
          selection={selection}
          size={named.length}
          isAll={chosen.size === 0}
          mayReplay={info.features.replay}
          onDone={() => {
            setChosen(new Set());
            reload();
          }}
        />
      )}
      {data && data.letters.length === 0 && (
        <Empty title={isFiltered ? 'No dead letter is like this.' : 'There are no dead letters.'}>
          {isFiltered ? (
            <button
              type="button"
              onClick={() => setQuery({ stream: undefined, reason: undefined, hours: undefined })}
            >
              Show all
            </button>
          ) : (
            <p>
              Every delivery that the edge accepted became what it should. If one can’t, it appears
              here with the reason.
            </p>
          )}
        </Empty>
      )}
      {data && data.letters.length > 0 && (
        <>
          <Groups groups={groups} current={group} />
          <LetterTable
            letters={letters}
            chosen={chosen}
            onChoose={setChosen}
            mayChoose={info.features.replay}
          />
          <p class="foot faint">
            {plural(letters.length, 'dead letter')}
            {data.isCut &&
              `: only the newest ${count(data.letters.length)} are shown; search to see older ones`}
          </p>
        </>
      )}
    </>
  );
}

/** A new dead letter of this subscriber shows by itself. */
function useReloadOnLetters(reload: () => void): void {
  const newest = useStore(deliveries).find(
    ({ kind, replay }) => kind !== 'written' || replay !== undefined,
  )?.n;
  useEffect(() => {
    if (newest === undefined) return;
    const timer = setTimeout(reload, 300);
    return () => clearTimeout(timer);
  }, [newest, reload]);
}

function Groups({ groups, current }: { groups: ReturnType<typeof groupsOf>; current: string }) {
  if (groups.length < 2) return null;
  return (
    <ul class="groups" aria-label="By reason">
      {groups.slice(0, 24).map(({ name, stream, letters }) => (
        <li key={name}>
          <button
            type="button"
            aria-pressed={name === current}
            onClick={() =>
              setQuery({ group: name === current ? undefined : name }, { replace: false })
            }
          >
            <b>{count(letters.length)}</b>
            <span class="group-stream">{stream ?? 'no stream'}</span>
            <span class="group-reason">{name.slice(name.indexOf(' ') + 1)}</span>
          </button>
        </li>
      ))}
      {groups.length > 24 && (
        <li class="faint">and {groups.length - 24} more reasons: search for them</li>
      )}
    </ul>
  );
}
