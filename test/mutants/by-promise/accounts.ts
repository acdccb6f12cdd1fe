/** What is told of many deploys: figures, reports and exports. */
import type { Mutant } from '../mutant.ts';

const figures = 'Figures of a lane are made of what was recorded';
const population = 'A report of a period has every change of production';
const changes = 'test/runtime/accounts/changes.test.ts';
const standards = 'An export in a standard’s words is valid';
const cdevents = 'test/runtime/accounts/cdevents.test.ts';
const otel = 'test/runtime/accounts/otel.test.ts';
const metrics = 'test/runtime/accounts/metrics.test.ts';

export const accountMutants: readonly Mutant[] = [
  {
    id: 'a-formula-is-a-formula',
    promise: population,
    file: 'src/runtime/accounts/csv.ts',
    symbol: 'cell',
    code: ".test(value) ? `'${value}` : value;",
    by: '.test(value) ? `${value}` : value;',
    noticedBy: `${changes} › a title that begins like a formula`,
  },
  {
    id: 'a-going-back-that-failed-changed-production',
    promise: population,
    file: 'src/runtime/accounts/changes.ts',
    symbol: 'othersIn',
    code: "return rollback === undefined || rollback.kind.startsWith('failed') ? [] : [rollback];",
    by: 'return rollback === undefined ? [] : [rollback];',
    noticedBy: `${changes} › is a going-back that held a deploy`,
  },
  {
    id: 'a-release-made-elsewhere-is-told-twice',
    promise: population,
    file: 'src/runtime/accounts/changes.ts',
    symbol: 'outside',
    code: 'known.add(one.release.id);',
    by: 'known.add(one.description);',
    noticedBy: `${changes} › is a release made elsewhere`,
  },
  {
    id: 'the-lanes-own-releases-are-others',
    promise: population,
    file: 'src/runtime/gates/production.ts',
    symbol: 'othersIn',
    code: 'if (one === null || lane.deployed.includes(one.release.id)) return [];',
    by: 'if (one === null) return [];',
    noticedBy:
      'test/runtime/loop/service-table.test.ts › tells of releases that no deploy of the lane made',
  },
  {
    id: 'two-periods-share-a-change',
    promise: population,
    file: 'src/runtime/accounts/changes.ts',
    symbol: 'changesIn',
    code: 'at >= since && at < until;',
    by: 'at >= since && at <= until;',
    noticedBy: `${changes} › is in one of two periods`,
  },
  {
    id: 'a-run-begins-each-time-it-takes-the-lane',
    promise: standards,
    file: 'src/runtime/accounts/cdevents.ts',
    symbol: 'standardWords',
    code: "first?.position === at.position ? [run('started')] : [];",
    by: "first !== at ? [run('started')] : [];",
    noticedBy: `${cdevents} › a run that is held is not over`,
  },
  {
    id: 'events-of-one-place-share-an-id',
    promise: standards,
    file: 'src/runtime/accounts/cdevents.ts',
    symbol: 'envelope',
    code: 'const id = number === 0 ? `${position}` : `${position}.${number + 1}`;',
    by: 'const id = number < 0 ? `${number}` : `${position}`;',
    noticedBy: `${cdevents} › every log that earlier versions wrote`,
  },
  {
    id: 'a-time-of-a-trace-is-a-number',
    promise: standards,
    file: 'src/runtime/accounts/otel.ts',
    symbol: 'nanos',
    code: '`${Date.parse(iso)}000000`;',
    by: '`${Date.parse(iso)}000`;',
    noticedBy: `${otel} › every log that earlier versions wrote`,
  },
  {
    id: 'spans-of-a-deploy-share-an-id',
    promise: standards,
    file: 'src/runtime/accounts/identity.ts',
    symbol: 'spanId',
    code: "hexOf(JSON.stringify(['span', lane, deploy, span])).slice(0, 16);",
    by: "hexOf(JSON.stringify(['span', lane, deploy, span.length])).slice(0, 16);",
    noticedBy: `${otel} › every log that earlier versions wrote`,
  },
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
    file: 'src/machine/waiting.ts',
    symbol: 'waitingPartOf',
    code: "if (tags.includes('settled')) return null;",
    by: "if (tags.includes('live')) return null;",
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
