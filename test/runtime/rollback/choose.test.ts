/** To which release a rollback goes: each situation, with a name and without. */
import { expect, it } from 'vitest';
import { isMigration } from '../../../src/cli/render/rollback-view.ts';
import type { Running } from '../../../src/effects/targets/target.ts';
import type { Shipped } from '../../../src/machine/lane.ts';
import { chooseRollback, type Situation } from '../../../src/runtime/rollback/choose.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

const commitOf = (n: number): string => String(n).padEnd(40, '0');
const release = (n: number) => ({ id: `release-${n}`, version: `v${n}` });
const artifact = (n: number) => ({
  kind: 'slug',
  id: `slug-${n}`,
  digest: null,
  commit: commitOf(n),
});
const shipped = (n: number, of = n): Shipped => ({
  ...{ deploy: `50${n}-${commitOf(of).slice(0, 8)}`, target: 'heroku acme-production' },
  ...{ release: release(n), commit: commitOf(of), artifact: artifact(of), settings: null },
});
const running = (n: number, of = n): Running => ({
  ...{ release: release(n), artifact: artifact(of), named: commitOf(of), description: '' },
  ...{ by: 'bo@example.com', at: '2026-01-05T13:00:00Z', isRollback: false },
});
const unfinished = {
  ...{ rollback: 'rollback-1', target: 'heroku acme-production', commit: commitOf(1) },
  ...{ from: release(3), to: release(1), actor: 'ana', observed: 'ana on ws-7', reason: 'errors' },
};
const usual: Situation = {
  ...{ shipped: [shipped(3), shipped(2), shipped(1)], running: running(3), isTakenBack: false },
  ranBefore: null,
  ...{ unfinished: null, named: null, newId: 'rollback-2' },
};

type Row = readonly [what: string, name: string | null, change: Partial<Situation>, to: string];

it.each<Row>([
  ['what runs was verified: the one before it', null, {}, 'v2'],
  ['what runs was verified by nobody: the last verified', null, { running: running(9) }, 'v3'],
  [
    'what runs was released anew: the same code is no way back',
    null,
    {
      shipped: [shipped(4, 3), shipped(3), shipped(2)],
      running: running(4, 3),
    },
    'v2',
  ],
  [
    'what runs was shipped before, too: the one before it now',
    null,
    { shipped: [shipped(4, 2), shipped(3), shipped(2)], running: running(4, 2) },
    'v3',
  ],
  [
    'what runs was gone back to, and that was lifted: the one before the code that runs',
    null,
    { running: running(9, 2) },
    'v1',
  ],
  [
    'people went back from what was verified last, and a deploy came on top: what they went back to',
    null,
    {
      shipped: [shipped(5), shipped(3), shipped(2), shipped(1)],
      running: running(5),
      ranBefore: artifact(2),
    },
    'v2',
  ],
  [
    'the same, and nobody has verified the deploy',
    null,
    { running: running(9), ranBefore: artifact(2) },
    'v2',
  ],
  [
    'what ran before it was verified by nobody: the last verified before it',
    null,
    { running: running(3), ranBefore: artifact(8) },
    'v2',
  ],
  ['a version', 'v1', {}, 'v1'],
  ['a release’s id', 'release-1', {}, 'v1'],
  ['a deploy’s id', '501-10000000', {}, 'v1'],
  ['the beginning of a commit', '1000000', {}, 'v1'],
  [
    'a name, though production was taken back already',
    'v1',
    { isTakenBack: true, running: running(9, 2) },
    'v1',
  ],
  [
    'one that only the target knows',
    'v7',
    { named: { release: release(7), artifact: artifact(7) } },
    'v7',
  ],
  ['what was begun and not ended', null, { unfinished }, 'v1'],
  [
    'what was begun, and has taken effect',
    null,
    { unfinished, running: running(9, 1), isTakenBack: true },
    'v1',
  ],
  [
    'what was begun, has taken effect, and was made right over what it was to leave',
    null,
    { unfinished, running: running(9, 1), isTakenBack: true, ranBefore: artifact(3) },
    'v1',
  ],
  [
    'what was begun, and was shipped over before somebody went back at the target, by its name',
    'v1',
    {
      ...{ unfinished, running: { ...running(9, 2), isRollback: true }, isTakenBack: true },
      ranBefore: artifact(8),
    },
    'v1 anew',
  ],
  [
    'what was begun, and has taken effect by a release that holds nothing: a person lifted it',
    null,
    { unfinished, running: { ...running(9, 1), isRollback: true }, ranBefore: artifact(3) },
    'v1',
  ],
  ['what was begun, by its name', 'v1', { unfinished }, 'v1'],
  ['another than what was begun', 'v2', { unfinished }, 'v2'],
  [
    'what was begun, and other code was released since',
    null,
    { unfinished, running: running(9) },
    'v3',
  ],
  [
    'what was begun, by its name, and other code was released since',
    'v2',
    { unfinished: { ...unfinished, to: release(2) }, running: running(9) },
    'v2',
  ],
])('%s', (_, name, change, to) => {
  const plan = chooseRollback(name, { ...usual, ...change });
  expect(plan.to.release.version).toBe(to.replace(' anew', ''));
  const goesOn = change.unfinished !== undefined && to === 'v1';
  expect([plan.id, plan.again]).toEqual(goesOn ? ['rollback-1', true] : ['rollback-2', false]);
});

it.each<Row>([
  ['nothing before it was verified', null, { shipped: [shipped(3)] }, 'E_NO_RELEASE'],
  ['nobody knows that name', 'v8', {}, 'E_NO_RELEASE'],
  ['a commit’s beginning that is too short', '100', {}, 'E_NO_RELEASE'],
  ['production was taken back already', null, { isTakenBack: true }, 'E_ROLLED_BACK'],
  [
    'production was taken back from something else than what an earlier try was to leave',
    null,
    { unfinished, running: running(9, 2), isTakenBack: true, ranBefore: artifact(8) },
    'E_ROLLED_BACK',
  ],
  ['it runs that', 'v3', {}, 'E_RUNS_ALREADY'],
  [
    'it runs the code of that',
    'v1',
    { running: running(9, 1), isTakenBack: true },
    'E_RUNS_ALREADY',
  ],
  [
    'it runs the code of that, which only the target knows',
    'v8',
    { named: { release: release(8), artifact: artifact(3) } },
    'E_RUNS_ALREADY',
  ],
])('is refused where %s', async (_, name, change, code) => {
  const error = await toldFailureOf(
    Promise.resolve().then(() => chooseRollback(name, { ...usual, ...change })),
  );
  expect(error).toMatchObject({ code });
});

it.each([
  ...['db/migrate/20260105_add.rb', 'migrations/0001_x.sql', 'app/migrations/0002_y.py'],
  ...['prisma/migrations/2026_init/migration.sql', 'apps/web/db/migrate/1.rb', 'db/structure.sql'],
  ...['alembic/versions/ab12.py', 'priv/repo/migrations/1_a.exs'],
])('%s is a migration, by its path', (path) => expect(isMigration(path)).toBe(true));
it.each([
  'app/models/user.rb',
  'docs/migration.md',
  'db/seeds.rb',
  'migrate.sh',
  'src/immigrations/a.ts',
])('%s is none', (path) => expect(isMigration(path)).toBe(false));

it('names what can be gone further back to: neither what runs nor what was gone away from', () => {
  const back = { ...running(9, 2), isRollback: true };
  const choose = async () => chooseRollback(null, { ...usual, running: back, isTakenBack: true });
  return expect(choose()).rejects.toMatchObject({
    code: 'E_ROLLED_BACK',
    hint: expect.stringMatching(/before it v1 \(501-10000000\)\.$/),
  });
});
