/** What is told of many deploys: figures, reports and exports. */
import type { Mutant } from '../mutant.ts';

const figures = 'Figures of a lane are made of what was recorded';
const metrics = 'test/runtime/accounts/metrics.test.ts';

export const accountMutants: readonly Mutant[] = [
  {
    id: 'a-failure-of-staging-is-one-of-production',
    promise: figures,
    file: 'src/runtime/accounts/incidents.ts',
    symbol: 'putsOf',
    code: "if (event.type !== 'production.deployed') continue;",
    by: "if (event.type !== 'staging.deployed') continue;",
    noticedBy: `${metrics} › no failure of staging`,
  },
  {
    id: 'a-rollback-that-failed-took-production-back',
    promise: figures,
    file: 'src/runtime/accounts/incidents.ts',
    symbol: 'waysBack',
    code: "if (rollback === undefined || rollback.kind.startsWith('failed')) continue;",
    by: 'if (rollback === undefined) continue;',
    noticedBy: `${metrics} › somebody went back past the command`,
  },
  {
    id: 'what-waits-is-left-out-of-the-whole',
    promise: figures,
    file: 'src/runtime/accounts/metrics.ts',
    symbol: 'waitingIn',
    code: 'wholeMs += toMs - fromMs;',
    by: "if (part !== 'held') wholeMs += toMs - fromMs;",
    noticedBy: `${metrics} › a held one waits`,
  },
  {
    id: 'a-state-that-is-over-waits',
    promise: figures,
    file: 'src/runtime/accounts/stays.ts',
    symbol: 'partOf',
    code: "if (top === 'failed' || top === 'superseded' || state === 'production.live') return null;",
    by: "if (top === 'failed' || state === 'production.live') return null;",
    noticedBy: `${metrics} › each state of the chart`,
  },
  {
    id: 'the-end-of-a-window-is-in-it',
    promise: figures,
    file: 'src/runtime/accounts/metrics.ts',
    symbol: 'laneMetrics',
    code: 'ms >= sinceMs && ms < untilMs;',
    by: 'ms >= sinceMs && ms <= untilMs;',
    noticedBy: `${metrics} › only what is in the window`,
  },
];
