/** What cannot run again is refused with what can, as far as the target tells. */
import { expect, it } from 'vitest';
import type { RanRelease, Running } from '../../../src/effects/targets/target.ts';
import type { Shipped } from '../../../src/machine/lane.ts';
import { mustBePossible } from '../../../src/runtime/rollback/possible.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

const release = (n: number) => ({ id: `release-${n}`, version: `v${n}` });
const artifact = (n: number) => ({ kind: 'slug', id: `slug-${n}`, digest: null, commit: null });
const shipped = [5, 4, 3, 2].map(
  (n): Shipped => ({
    ...{ deploy: `50${n}-aaaaaaaa`, target: 'heroku acme-production', commit: 'a'.repeat(40) },
    ...{ release: release(n), artifact: artifact(n), settings: null },
  }),
);
const decided = { description: '', by: 'bo', at: '2026-01-05T13:00:00Z', isRollback: false };
const running: Running = { release: release(5), artifact: artifact(5), named: null, ...decided };

type Told = RanRelease | null | Error;
const told = (n: number, whyNot: string | null): Told => ({
  ...{ release: release(n), artifact: artifact(n), ...decided, whyNot },
});

const ask = (
  answers: Readonly<Record<string, Told>>,
  again = false,
  { signal } = new AbortController(),
  verified = shipped,
) =>
  mustBePossible(
    {
      plan: {
        ...{ id: 'rollback-1', from: release(5), again },
        to: { release: release(4), commit: null, deploy: null },
      },
      ...{ shipped: verified, running },
    },
    {
      findRelease: async (id) => {
        const answer = answers[id] ?? null;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    { signal } as never,
  );

it('names those that can run again, and passes over one of which the target does not tell', async () => {
  const error = await toldFailureOf(
    ask({
      'release-4': told(4, 'has no code'),
      'release-3': new Error('502 Bad Gateway'),
      'release-2': told(2, null),
    }),
  );
  expect(error).toMatchObject({
    code: 'E_NO_RELEASE',
    message: 'production cannot be taken back to v4: v4 has no code',
    hint: 'Of what this lane verified before, these can run again: v2 (502-aaaaaaaa).',
  });
});

it('names none of the code that runs, whatever release it was of', async () => {
  const again: Told = { release: release(3), artifact: artifact(5), ...decided, whyNot: null };
  const of = shipped.map((one) =>
    one.release.id === 'release-3' ? { ...one, artifact: artifact(5) } : one,
  );
  const answers = { 'release-3': again, 'release-2': told(2, null) };
  expect(await toldFailureOf(ask(answers, false, new AbortController(), of))).toMatchObject({
    hint: 'Of what this lane verified before, these can run again: v2 (502-aaaaaaaa).',
  });
});

it('refuses what the target does not know', async () => {
  expect(await toldFailureOf(ask({}))).toMatchObject({
    code: 'E_NO_RELEASE',
    message: expect.stringContaining('not among the releases'),
    hint: expect.stringContaining('Nothing that this lane verified before can run again'),
  });
});

it('is none of both where the target does not tell whether it can', async () => {
  await expect(ask({ 'release-4': new Error('502 Bad Gateway') })).rejects.toThrow('502');
});

it('asks for no hint any more where the command was asked to end', async () => {
  const stopped = new AbortController();
  stopped.abort(new Error('SIGINT'));
  await expect(ask({}, false, stopped)).rejects.toThrow('SIGINT');
});

it('lets what was begun go on, which may be done already', async () => {
  await ask({ 'release-4': told(4, 'has expired') }, true);
});
