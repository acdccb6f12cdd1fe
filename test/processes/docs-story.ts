/** The command lines of README and docs/, in an order in which a person could give them, and those that others type. */

export interface Typed {
  /** Committed before, as a newer state of the branch; `held`: and deployed, which a rollback holds. */
  readonly commit?: 'held' | 'new';
  /** Added to the line: it asks, where there is a terminal. */
  readonly more?: readonly string[];
  /** 0 where nothing is said. */
  readonly exit?: number;
  readonly says?: string;
  /** It reads what a person types. */
  readonly asProcess?: boolean;
}
const nobodyHolds = { exit: 2, says: 'E_NOT_LOCKED' };
/**
 * Every command line of ours of all pages, in an order in which a person could give them; each is typed once. Those of one
 * group read, and belong to the situation that the line before them made.
 */
export const story: readonly (readonly [line: string, how?: Typed])[] = [
  ['pipeline status', { says: 'held by a rollback' }],
  ['pipeline explain HEAD', { says: 'production was rolled back' }],
  ['pipeline explain 1a5f89d', { says: 'production was rolled back' }],
  ['pipeline explain 502', { says: 'production was rolled back' }],
  ["pipeline explain '#812'", { says: 'production was rolled back' }],
  ['pipeline log 502', { says: 'held' }],
  ['pipeline replay 502', { says: 'agrees' }],
  ['pipeline replay 502 --at 2026-01-05T13:04Z', { says: 'blockedByRollback' }],
  ['pipeline replay 502 --step', { asProcess: true, says: 'Enter: the next' }],
  ['pipeline replay --all --since 24h', { says: '3 deploys' }],
  ['pipeline open comparison 502', { says: '/compare/' }],
  ['pipeline report 502 --html 502.html'],
  ['pipeline advance --dry-run --build by-hand-1', { says: 'rolled back' }],
  ['pipeline advance --build by-hand-1', { says: 'blockedByRollback' }],
  ['pipeline resume 502-1a5f89db --reason "fixed"', { says: 'production.live' }],
  ['pipeline rollback --reason "errors since 503"', { more: ['--yes'], says: 'runs' }],
  [
    'pipeline resume 502-1a5f89db --reason "the cause is mended"',
    { commit: 'held', says: 'production.live' },
  ],
  ['pipeline rollback v41 --yes --reason "errors"', { says: 'runs' }],
  [
    'pipeline advance --build by-hand-1 --reason "the cause is mended by #812"',
    { commit: 'new', says: 'production.live' },
  ],
  ['pipeline advance --build by-hand-2 --override --reason "the hotfix is not needed any more"'],
  ['pipeline disable --reason "incident 4711"', { says: 'disabled' }],
  ['pipeline enable --reason "it is over"', { says: 'enabled' }],
  ['pipeline unlock --reason "runner is gone"', nobodyHolds],
  ['pipeline unlock --reason "its runner hangs"', nobodyHolds],
  ['pipeline verify'],
  ['pipeline verify --head 2-3f0c…@1742 --head 2-91ab…@2210'],
  ['pipeline report --since 2026-01-01 --format csv', { says: 'rollback' }],
  ['pipeline report --since 2026-01-01 --until 2026-04-01 --output changes.csv'],
  ['pipeline report --lane acme-web --format html --output changes.html'],
  ['pipeline metrics', { says: 'deployment frequency' }],
  ['pipeline metrics --since 2026-01-01 --until 2026-02-01'],
  ['pipeline metrics --lane acme-web --since 168h --json', { says: '"formulas"' }],
  ['pipeline whatif --print-chart > chart.json'],
  ['pipeline whatif --chart chart.json --since 720h'],
  ['pipeline whatif --chart chart.json --since 720h --format markdown'],
  ['pipeline whatif --set gates.stuckExit=0 --set lock.timeout=10m'],
  ['pipeline views > views.sql'],
  ['pipeline views --schema reporting', { more: ['--store', 'postgres://127.0.0.1/log'] }],
  ['pipeline export --output log.jsonl'],
  ['pipeline export --deploy 502'],
  ['pipeline export --format cdevents'],
  ['pipeline export --format cdevents --since 24h --output events.jsonl'],
  ['pipeline export --format otel --deploy 502'],
  ['pipeline import log.jsonl --store postgres://…'],
  ['pipeline import sqlite:.pipeline/log.db --store postgres://…'],
  ['pipeline serve --export pages', { says: 'index.html' }],
];

/** Lines that others type, or that are others' own. */
export const elsewhere: readonly (readonly [line: RegExp, by: string])[] = [
  [/^npm ci && npm (run demo|test)$/, 'test/processes/demo.test.ts; the CI of this repository'],
  [/^pipeline (init|doctor)$/, 'test/processes/install.test.ts, as lockstep'],
  [/^npx --no lockstep advance$/, 'test/processes/install.test.ts, as the CI runs it'],
  [/^pipeline serve( --port 0)?$/, 'test/browser/pages.test.ts: it runs until somebody ends it'],
  [/^pipeline verify log\.jsonl --public-key /, 'test/processes/verify.test.ts'],
  [/^pipeline export --otlp /, 'test/cli/accounts.test.ts, with a receiver'],
  [/^openssl /, 'test/processes/verify.test.ts makes the pair by the same algorithm'],
  [/^heroku |^export HEROKU_API_KEY=\$\(heroku |^psql /, 'another program'],
  [/^export PIPELINE_STORE=postgres:\/\/USER:/, 'a person’s own'],
];

/** By another program, of what the story left; the story types what stands before the `|`. */
export const handedOn = [/^jq -cSj /, /^sqlite3 -readonly -init views\.sql /, / \| psql /];
