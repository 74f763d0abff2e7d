import { useEffect, useMemo } from 'preact/hooks';
import type { RefusedInfo, RefusedList } from '../contract.ts';
import { LongText } from './parts/body-view.tsx';
import { Select } from './parts/controls.tsx';
import { bytes, count, plural } from './parts/figures.ts';
import { Empty, Failed, Loading } from './parts/states.tsx';
import { Text } from './parts/text.tsx';
import { Ago, Time } from './parts/time.tsx';
import { useResource } from './state/resource.ts';
import { setQuery, useRoute } from './state/route.ts';
import { useInfo } from './state/use-info.ts';

/** What the edge refused, with the evidence, by cause. */
export function RefusedPage() {
  const { query } = useRoute();
  const { streams } = useInfo();
  const [stream, cause, chosen] = [
    query.get('stream') ?? '',
    query.get('cause') ?? '',
    query.get('at') ?? '',
  ];
  const { data, problem, isLoading, reload } = useResource<RefusedList>(
    `/refused${stream ? `?stream=${encodeURIComponent(stream)}` : ''}`,
  );
  useEffect(() => {
    document.title = 'Refused · Tributary';
    const timer = setInterval(reload, 10_000);
    return () => clearInterval(timer);
  }, [reload]);
  const causes = useMemo(() => causesOf(data), [data]);
  const shown = (data?.refused ?? []).filter((one) => !cause || causeOf(one) === cause);
  const open = shown.find((one) => keyOf(one) === chosen) ?? shown[0];
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Refused</h1>
        <p>
          The last deliveries of each stream and cause that the edge refused, for a day. Secrets and
          signatures are never kept.
        </p>
      </header>
      <div class="toolbar">
        <Select
          label="Stream"
          value={stream}
          options={[['', 'All streams'], ...streams.map(({ name }) => [name, name] as const)]}
          onChange={(name) =>
            setQuery({ stream: name, cause: undefined, at: undefined }, { replace: false })
          }
        />
        <span class="toolbar-end">
          {isLoading && data && <span class="faint">reading …</span>}
          <button type="button" onClick={reload}>
            Refresh
          </button>
        </span>
      </div>
      {problem && <Failed problem={problem} retry={reload} />}
      {!data && !problem && <Loading lines={8} label="Reading what was refused" />}
      {data && causes.length === 0 && (
        <Empty title="Nothing was refused.">
          A wrong key, a stale signature or a body that can’t be read appears here, with what is
          likely wrong at the sender.
        </Empty>
      )}
      {data && causes.length > 0 && (
        <>
          <ul class="groups" aria-label="By cause">
            {causes.map(([name, n]) => (
              <li key={name}>
                <button
                  type="button"
                  aria-pressed={name === cause}
                  onClick={() =>
                    setQuery(
                      { cause: name === cause ? undefined : name, at: undefined },
                      { replace: false },
                    )
                  }
                >
                  <b>{count(n)}</b>
                  <span class="group-reason">{name}</span>
                </button>
              </li>
            ))}
          </ul>
          <div class="columns refused-columns">
            <ol
              class="panel flush refused-list"
              aria-label={plural(shown.length, 'refused delivery', 'refused deliveries')}
            >
              {shown.map((one) => (
                <li key={keyOf(one)}>
                  <a
                    href={`?${new URLSearchParams({ ...(stream && { stream }), ...(cause && { cause }), at: keyOf(one) })}`}
                    aria-current={one === open ? 'true' : undefined}
                  >
                    <span class="refused-cause">
                      <Text text={causeOf(one)} max={60} />
                    </span>
                    <span class="faint">
                      <Text text={one.stream || 'no such stream'} max={40} />
                    </span>
                    <span class="faint num">
                      <Ago at={one.at} />
                    </span>
                  </a>
                </li>
              ))}
            </ol>
            {open && <Evidence refused={open} />}
          </div>
        </>
      )}
    </>
  );
}

function Evidence({ refused }: { refused: RefusedInfo }) {
  const { hint, headers, body, path, method, at, outcome, cause, deliveryId } = refused;
  return (
    <section class="panel evidence" aria-labelledby="evidence-title">
      <header>
        <h2 id="evidence-title">
          <Text text={cause ? `${outcome}: ${cause}` : outcome} max={120} />
        </h2>
      </header>
      {hint && (
        <p class="hint">
          <b>Likely: </b>
          <Text text={hint} max={600} />
        </p>
      )}
      <dl class="pairs">
        <div>
          <dt>Request</dt>
          <dd class="mono">
            <Text text={`${method} ${path}`} max={400} />
          </dd>
        </div>
        <div>
          <dt>Received</dt>
          <dd>
            <Time at={at} />
          </dd>
        </div>
        <div>
          <dt>Body</dt>
          <dd>{refused.bytes === undefined ? 'not read' : bytes(refused.bytes)}</dd>
        </div>
        <div>
          <dt>Delivery</dt>
          <dd class="mono">
            <Text text={deliveryId} max={60} />
          </dd>
        </div>
      </dl>
      <h3>Headers</h3>
      <dl class="pairs">
        {Object.entries(headers).map(([name, value]) => (
          <div key={name}>
            <dt class="mono">
              <Text text={name} max={80} />
            </dt>
            <dd class="mono">
              <Text text={value} max={400} />
            </dd>
          </div>
        ))}
      </dl>
      {body !== undefined && (
        <>
          <h3>The beginning of the body</h3>
          <pre class="code">
            <LongText text={body} max={2000} />
          </pre>
        </>
      )}
    </section>
  );
}

function causeOf({ cause, outcome }: RefusedInfo): string {
  return cause ?? outcome;
}

function keyOf({ at, deliveryId, path }: RefusedInfo): string {
  return deliveryId ?? `${at}${path}`;
}

/** How many of each cause in the last day: all are counted, and the last of them are kept. */
function causesOf(list: RefusedList | undefined): [cause: string, n: number][] {
  const sums = new Map<string, number>();
  const add = (cause: string, n: number) => sums.set(cause, (sums.get(cause) ?? 0) + n);
  for (const { cause, outcome, deliveries } of list?.counts ?? [])
    add(cause ?? outcome, deliveries);
  // The ledger may not have the newest ones yet.
  for (const one of list?.refused ?? []) if (!sums.has(causeOf(one))) add(causeOf(one), 1);
  return [...sums].toSorted((a, b) => b[1] - a[1]);
}
