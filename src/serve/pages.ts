/** The pages by their paths, and each rendered once for all who look at it. */
import { hash } from 'node:crypto';
import { isDay } from '../format/time.ts';
import { chartLayout } from '../page/chart-layout.ts';
import { chartPage } from '../page/chart-page.ts';
import { deployPage } from '../page/deploy-page.ts';
import { deploysPage, type HistoryForm } from '../page/deploys-page.ts';
import { type Addresses, document, type PageParts } from '../page/document.ts';
import { type Answer, explainPage } from '../page/explain-page.ts';
import { lanesPage } from '../page/lanes-page.ts';
import { liveScript } from '../page/live.ts';
import { stylesheet } from '../page/stylesheet.ts';
import { redactAll } from '../redaction/gate.ts';
import type { EventLog, LogFault } from '../store/log.ts';
import { readChartUse, readFigures, readHistory, readShownDeploy, readStandings } from './read.ts';
import { SentText } from './sent-text.ts';

const perPage = 50;

/** In which no deploy is by itself: others came after it. */
const rolledBack = 'rolled back';
/** The nine states, and that. */
const states = [...chartLayout.states.map(({ name }) => name), rolledBack];

/** An address that says of which text it is. */
const named = (path: string, text: string): string =>
  `${path}?${hash('sha256', text).slice(0, 16)}`;

export const addresses = {
  lanes: '/',
  chart: '/chart',
  explain: '/explain',
  lane: (lane: string) => `/lanes/${encodeURIComponent(lane)}`,
  deploy: (deploy: string) => `/deploys/${encodeURIComponent(deploy)}`,
  stylesheet: named('/style.css', stylesheet),
  script: named('/live.js', liveScript),
  live: '/events',
} satisfies Addresses;

/** What pages are made from. */
export interface Sources {
  readonly log: EventLog;
  /** Asks the log, and git where there is a clone, why something shipped or did not. */
  explain(asked: string): Promise<Answer>;
}

/** A page's own part, by its path and query; null: there is no such page. */
async function pageAt(
  { log, explain }: Sources,
  url: URL,
  position: number,
): Promise<PageParts | null> {
  // No engine but SQLite can look for it, and nothing is called so.
  if (url.href.includes('%00')) return null;
  const [room = '', name = '', ...rest] = partsOf(url);
  if (rest.length > 0) return null;
  const faults: LogFault[] = [];
  if (room === '') {
    const standings = await readStandings(log, faults);
    return { ...lanesPage(standings, position, addresses), faults: told(faults) };
  }
  if (room === 'chart' && name === '') {
    const use = await readChartUse(log, faults);
    return { ...chartPage(use, position), faults: told(faults) };
  }
  if (room === 'explain' && name === '') {
    const asked = (url.searchParams.get('commit') ?? '').trim().slice(0, 200);
    return explainPage(asked, asked === '' ? null : await explain(asked), position, addresses);
  }
  if (room === 'deploys' && name !== '') {
    const deploy = await readShownDeploy(log, name);
    return deploy === null ? null : deployPage(deploy, position, addresses);
  }
  if (room === 'lanes' && name !== '') return history(log, name, url, position);
  return null;
}

const told = (faults: readonly LogFault[]): readonly string[] =>
  redactAll(faults.map(({ message }) => message));

/** An address that is none is that of no page. */
function partsOf(url: URL): string[] {
  try {
    return url.pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return ['nothing'];
  }
}

async function history(
  log: EventLog,
  lane: string,
  url: URL,
  position: number,
): Promise<PageParts> {
  const form = formOf(url.searchParams);
  const after = Number(url.searchParams.get('after') ?? '');
  const { deploys, next, ...found } = await readHistory(log, {
    lane,
    limit: perPage,
    text: form.text,
    person: form.person,
    ...(form.state === rolledBack ? { isRolledBack: true } : { state: form.state || undefined }),
    since: form.since === '' ? undefined : `${form.since}T00:00:00.000Z`,
    until: form.until === '' ? undefined : `${form.until}T00:00:00.000Z`,
    after: Number.isSafeInteger(after) && after > 0 ? after : undefined,
  });
  const further = new URLSearchParams(Object.entries(form).filter(([, value]) => value !== ''));
  further.set('after', String(next));
  const faults = [...found.faults];
  // Of older pages the figures would be those of the newest.
  const figures = url.search === '' ? await readFigures(log, lane, faults) : null;
  const shown = redactAll({ lane, figures, search: { form, states } });
  const page = {
    ...shown,
    deploys,
    isCut: faults.length > 0,
    next: next === null ? null : `?${further}`,
  };
  return { ...deploysPage(page, position, addresses), faults: told(faults) };
}

function formOf(query: URLSearchParams): HistoryForm {
  const day = (name: string) => {
    const text = query.get(name) ?? '';
    return isDay(text) ? text : '';
  };
  const state = query.get('state') ?? '';
  return {
    text: (query.get('text') ?? '').slice(0, 200),
    person: (query.get('person') ?? '').trim().slice(0, 200),
    state: states.includes(state) ? state : '',
    since: day('since'),
    until: day('until'),
  };
}

/** A page is rendered again when the log has grown, and after this time: who is alive is in no event. */
const freshMs = 5_000;
const keptPages = 50;

interface Kept {
  readonly position: number;
  readonly atMs: number;
  readonly text: Promise<SentText | null>;
}

/** However many look at a page, the log is read for one. */
export class Pages {
  readonly #sources: Sources;
  readonly #ranMs: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(sources: Sources, ranMs: () => number) {
    this.#sources = sources;
    this.#ranMs = ranMs;
  }

  /** Null: there is no such page. */
  async at(url: URL, position: number): Promise<SentText | null> {
    const key = url.pathname + url.search;
    const known = this.#kept.get(key);
    const isFresh = known?.position === position && this.#ranMs() - known.atMs < freshMs;
    if (known !== undefined && isFresh) return known.text;
    const text = this.#rendered(url, position);
    for (const [old, { position: at }] of this.#kept) if (at !== position) this.#kept.delete(old);
    this.#kept.delete(key);
    this.#kept.set(key, { position, atMs: this.#ranMs(), text });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptPages) break;
      this.#kept.delete(oldest);
    }
    // What failed is tried again by whoever comes next.
    text.catch(() => this.#kept.delete(key));
    return text;
  }

  async #rendered(url: URL, position: number): Promise<SentText | null> {
    const parts = await pageAt(this.#sources, url, position);
    if (parts === null) return null;
    // Whoever watches over the pages notices it.
    const status = (parts.faults ?? []).length > 0 ? 500 : 200;
    return new SentText(await document(parts, addresses), 'text/html', status);
  }
}
