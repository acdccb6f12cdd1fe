/** Many `advance` processes at once on one stage, some of them killed, and what has to hold afterwards. */
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { deployId, type Stage } from './stage.ts';

interface Build {
  readonly build: number;
  readonly commit: string;
}

/** Every fourth build is another run of the one before. */
const twinEvery = 4;

/** Starts them all, kills some and runs those again, and waits until every one has ended well. */
export async function race(
  stage: Stage,
  options: { jobs: number; killed: number; random: () => number; env?: Record<string, string> },
): Promise<readonly Build[]> {
  const { jobs, killed, random, env = {} } = options;
  const builds: Build[] = [];
  for (let i = 0; i < jobs; i++) {
    const twin = i % twinEvery === twinEvery - 1 ? builds.at(-1) : undefined;
    builds.push(twin ?? { build: 501 + i, commit: stage.commit(`commit ${i}`) });
  }
  const ends = builds.map(async ({ build, commit }, i) => {
    const job = stage.startAdvance(build, commit, env);
    if (i % (jobs / killed) === 0) {
      await new Promise((later) => setTimeout(later, 500 + random() * 6_000));
      job.process.kill('SIGKILL');
      await job.ended;
      return stage.advance(build, commit, env);
    }
    return job.ended;
  });
  for (const ended of await Promise.all(ends)) {
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
  }
  return builds;
}

/** One build a mark and one promotion a deploy, in the order of their commits; one holder at a time; a log that adds up. */
export async function expectOrder(
  stage: Stage,
  lane: string,
  builds: readonly Build[],
): Promise<void> {
  const { apps, promotions } = stage.state();
  const marks = (apps['acme-staging']?.builds ?? []).map(({ mark }) => mark);
  expect(new Set(marks).size).toBe(marks.length);
  const shipped = (apps['acme-production']?.releases ?? []).flatMap(({ commit }) => commit ?? []);
  for (const [i, commit] of shipped.entries()) {
    const before = shipped[i - 1];
    if (before === undefined) continue;
    execFileSync('git', ['-C', stage.folder, 'merge-base', '--is-ancestor', before, commit]);
  }
  expect(shipped.at(-1)).toBe(builds.at(-1)?.commit);

  await stage.read(async (log) => {
    expect((await log.verify()).fault).toBeNull();
    let holder: string | null = null;
    for (const { type, data } of await log.readStream(`lane/${lane}`)) {
      if (type === 'lock.granted') {
        const taken = data.takenOver as { deploy: string } | null;
        expect(holder === null || taken?.deploy === holder, JSON.stringify(data)).toBe(true);
        holder = String(data.deploy);
      } else if (type === 'lock.released') holder = null;
    }
    expect(holder).toBeNull();
    let promoted = 0;
    for (const deploy of new Set(builds.map(({ build, commit }) => deployId(build, commit)))) {
      const events = await log.readStream(`deploy/${deploy}`);
      expect(events.at(-1)?.metadata.transition, deploy).toMatchObject({ settled: true });
      const types = events.map(({ type }) => type);
      if (types.includes('production.submitted')) promoted++;
      // Whoever was built and not promoted was killed, and a newer one had the lane before it ran again.
      else if (types.includes('staging.submitted')) expect(types, deploy).toContain('lock.lost');
    }
    expect(promotions.length).toBe(promoted);
  });
  for (const { build, commit } of [builds[0], builds.at(-1)].filter((one) => one !== undefined)) {
    expect(await stage.runHere(['replay', deployId(build, commit)])).toMatchObject({ exit: 0 });
  }
}
