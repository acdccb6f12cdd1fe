/** Every order of deploys, rollbacks, orders of people and what somebody does at the target: all answers agree with what is promised. */
import { expect, it } from 'vitest';
import { UsageError } from '../../../src/errors/error.ts';
import { readDeployStories } from '../../../src/runtime/audit/deploys.ts';
import { explain } from '../../../src/runtime/audit/explain.ts';
import { factsOf } from '../../../src/runtime/audit/explain-facts.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { askTargets } from '../../../src/runtime/standing/ask.ts';
import { knownOf, readBecame, readLanes, readStood } from '../../../src/runtime/standing/read.ts';
import { laneStanding } from '../../../src/runtime/standing/standing.ts';
import { fc } from '../../fast-check.ts';
import { attackTimeoutMs, often } from '../../store/attacks/seed.ts';
import { type Hold, Holding } from './holding.ts';
import { type Go, LaneOfActs, lane, type Process } from './lane-of-acts.ts';

interface Deploy {
  readonly id: string;
  readonly commit: string;
  stands: 'under way' | 'held' | 'live' | 'over';
  held: Hold | null;
  artifact: string | null;
}

class Acts {
  readonly world: LaneOfActs;
  readonly holding: Holding;
  readonly deploys: Deploy[] = [];
  readonly done: string[] = [];
  deploy: Process | null = null;
  rollback: Process | null = null;

  constructor(world: LaneOfActs) {
    this.world = world;
    this.holding = new Holding(() => this.releases());
  }

  releases() {
    return this.world.folders.folders('production').releases();
  }

  get processes(): readonly Process[] {
    return [this.deploy, this.rollback].filter((one) => one !== null);
  }

  /** What may be done now, each with its name. */
  possible(): readonly (readonly [string, () => Promise<void>])[] {
    const { deploy, rollback } = this;
    const all: (readonly [string, () => Promise<void>])[] = [];
    /** @param often what leads on is done more often than what undoes it */
    const may = (name: string, act: () => Promise<void>, often = 1) => {
      for (let i = 0; i < often; i++) all.push([name, act]);
    };
    const { before } = this.holding;
    may('config', async () => this.world.configure());
    if (before !== null) may('goBack by hand', async () => this.world.goBack());
    may('release by hand', async () => this.world.release());
    may('give up', () => this.giveUp());
    if (deploy === null) {
      may('deploy', () => this.startDeploy(null), 4);
      for (const one of this.deploys.filter(({ stands }) => stands === 'held').slice(-2)) {
        may(`resume ${one.id}`, () => this.resume(one), 4);
      }
    } else if (deploy.stopped?.at === 'gates') {
      may('deploy to its gates', () => this.toGates(deploy));
      may(
        'deploy to its gates and on',
        async () => {
          await this.toGates(deploy);
          if (deploy.stopped !== null) await this.write(deploy);
        },
        5,
      );
    } else if (deploy.stopped?.at === 'write') {
      may('deploy lands', () => this.write(deploy), 4);
    }
    if (rollback === null) {
      may('rollback', () => this.order(null), 3);
      may('rollback to the first', () => this.order('first'));
      may('rollback to the last', () => this.order('last'));
    } else {
      const { stopped } = rollback;
      may('kill the rollback', () => this.kill(rollback));
      if (stopped?.at === 'restore') {
        may('rollback lands', () => this.goes(rollback, 'well'), 4);
        may('rollback fails', () => this.goes(rollback, 'fails'));
        may('rollback fails with a release', () => this.goes(rollback, 'fails with a release'));
        may('rollback lands unheard, and is killed', async () => {
          stopped.go('unheard');
          await new Promise((resolve) => setImmediate(resolve));
          await this.kill(rollback);
        });
      }
      if (stopped?.at === 'checks') {
        may('rollback is verified', () => this.goes(rollback, 'well'), 3);
        may('rollback is not well', () => this.goes(rollback, 'fails'));
      }
    }
    return all;
  }

  /** @param which by its place among what may be done, or by the beginning of its name */
  async act(which: number | string): Promise<void> {
    const all = this.possible();
    const found =
      typeof which === 'number'
        ? all[which % all.length]
        : all.find(([name]) => name.startsWith(which));
    if (found === undefined) throw new Error(`${which} cannot be done now`);
    const [name, act] = found;
    this.done.push(name);
    await act();
    await this.settle();
    await this.check();
  }

  async settle(): Promise<void> {
    await this.world.settle(this.processes);
    const { rollback } = this;
    if (rollback !== null) {
      if (rollback.stopped !== null) this.holding.begins(rollback.id);
      if (rollback.end !== null) {
        this.done.push(`(${rollback.id}: ${rollback.end})`);
        const begun = (await this.world.ofLane()).some(
          ({ type, data }) => type === 'rollback.begun' && data.rollback === rollback.id,
        );
        // What is asked of a target that is as it was is stopped before it ends.
        if (begun) this.holding.begins(rollback.id);
        this.holding.ends(rollback.id);
        this.rollback = null;
        await this.world.settle(this.processes);
      }
    }
    const { deploy } = this;
    if (deploy?.end != null) {
      const one = this.of(deploy.id);
      this.done.push(`(${deploy.id}: ${deploy.end})`);
      // Whatever it met before its gates: production has its commit.
      if (one.stands === 'under way') {
        expect(deploy.end).toBe('superseded');
        expect(this.isAhead(one.commit)).toBe(false);
        one.stands = 'over';
      }
      this.deploy = null;
      await this.settle();
    }
  }

  of(id: string): Deploy {
    const found = this.deploys.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  }

  isAhead(commit: string): boolean {
    return this.world.graph.relation(this.holding.runs.commit, commit) === 'ahead';
  }

  async startDeploy(held: Deploy | null): Promise<void> {
    this.deploy = await this.world.startDeploy(held?.id ?? null);
    if (held !== null) return;
    const { id } = this.deploy;
    const commit = this.world.head;
    this.deploys.push({ id, commit, stands: 'under way', held: null, artifact: null });
  }

  /** It is held by what holds then, and goes on where nothing does. */
  async meets(process: Process): Promise<void> {
    const one = this.of(process.id);
    const { hold } = this.holding;
    const isAhead = this.isAhead(one.commit);
    process.stopped?.go('well');
    await this.world.settle([process]);
    if (!isAhead) {
      expect(process.end).toBe('superseded');
      one.stands = 'over';
    } else if (hold !== null) {
      expect(process.end).toBe('blockedByRollback');
      Object.assign(one, { stands: 'held', held: hold });
    } else if (process.stopped?.at !== 'write') {
      expect(process.end).toBe('production.live');
      one.stands = 'live';
      one.artifact = this.holding.runs.artifact.id;
    }
  }

  toGates = (process: Process): Promise<void> => this.meets(process);
  write = (process: Process): Promise<void> => this.meets(process);

  async resume(one: Deploy): Promise<void> {
    await this.world.resume(one.id);
    if (one.held === null) throw new Error('it is not held');
    this.holding.resume(one.held);
    Object.assign(one, { stands: 'under way', held: null });
    await this.check();
    await this.startDeploy(one);
  }

  async giveUp(): Promise<void> {
    expect(await this.world.giveUp()).toBe(this.holding.giveUp());
  }

  async order(which: 'first' | 'last' | null): Promise<void> {
    const live = this.deploys.filter(({ stands }) => stands === 'live');
    const named = which === null ? null : which === 'first' ? live[0] : live.at(-1);
    if (named === undefined) return;
    const plan = await this.world.plan(named?.id ?? null).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      this.done.push(`(refused: ${error.code})`);
      return null;
    });
    if (plan === null) return;
    const release = (id: string) => {
      const found = this.releases().find(({ number }) => String(number) === id);
      if (found === undefined) throw new Error(`there is no release ${id}`);
      return found;
    };
    this.holding.orders(plan.id, release(plan.from.id), release(plan.to.release.id));
    this.done.push(`(${plan.id}${plan.again ? ' again' : ''})`);
    this.rollback = this.world.startRollback(plan);
  }

  async goes(process: Process, how: Go): Promise<void> {
    process.stopped?.go(how);
  }

  async kill(process: Process): Promise<void> {
    await this.world.kill(process);
    this.holding.loses(process.id);
    this.rollback = null;
  }

  async check(): Promise<void> {
    const { world, holding } = this;
    const { log } = world;
    const { hold } = holding;
    const { lifted, rollback } = await readLane(log, lane);
    expect({ open: rollback?.rollback ?? null }).toEqual({ open: holding.open });
    expect({ lifted: [...lifted].toSorted() }).toEqual({ lifted: [...holding.lifted].toSorted() });

    const gates = await world.gates(world.graph.commit(world.head));
    const met =
      gates.kind !== 'held'
        ? gates.kind
        : gates.rollback.kind === 'ordered'
          ? { ordered: gates.rollback.rollback, begun: gates.rollback.begun === true }
          : { release: gates.rollback.release.id };
    expect({ gates: met }).toEqual({ gates: hold ?? 'clear' });

    const { lanes } = await readLanes(log, { limit: 20, lane });
    const [logged] = lanes;
    if (logged === undefined) throw new Error('no lane');
    const told = await askTargets(logged, world.settings, {
      ...{ log, targets: world.targets, history: world.history, clock: world.clock },
      ...{ http: world.folders.ports().http, withinMs: 20_000 },
    });
    const standing = laneStanding(await knownOf(log, logged, told));
    const shown = standing.holds.find(({ kind }) => kind === 'rollback') ?? null;
    const wanted = hold === null ? null : 'release' in hold ? hold.release : 'ordered';
    expect({ status: shown === null ? null : (shown.release?.id ?? 'ordered') }).toEqual({
      status: wanted,
    });
    const runs = holding.runs;
    for (const { row, became } of standing.deploys) {
      const one = this.of(row.deploy);
      if (one.stands === 'live' && runs.key === one.id) expect(became.kind).toBe('live');
      // What was replaced, and runs again by somebody's going back, was replaced.
      if (one.stands === 'live' && one.artifact !== runs.artifact.id) {
        expect(became.kind).not.toBe('live');
      }
      if (one.stands === 'held') expect(['held', 'carried']).toContain(became.kind);
    }

    const stories = await readDeployStories(log, { limit: 20, lane });
    const stood = await readStood(log, lane, stories);
    for (const [at, story] of stories.entries()) {
      expect(await readBecame(log, story)).toEqual(stood[at]?.became);
    }

    const facts = factsOf(log);
    const { graph } = world;
    const order = graph.order();
    for (const one of this.deploys) {
      const said = await explain({ commit: one.commit, lane, deploy: one.id }, facts, order);
      if (said.deploy === one.id && one.held !== null) {
        expect(said.verdict).toBe('held');
        const release = holding.told(one.held);
        expect({ explain: liftIn(said.headline) }).toEqual({
          explain: release === null ? null : holding.lifted.has(release),
        });
      }
      for (const { deploy, words, isRollback } of said.chain) {
        const lift = isRollback === true ? liftIn(words) : null;
        const made = lift === null ? null : holding.rollbacks.get(deploy)?.made;
        if (lift !== null) expect([deploy, lift]).toEqual([deploy, holding.lifted.has(made ?? '')]);
      }
    }
  }
}

/** Whether it says that a person lifted it; null: it says nothing of that. */
const liftIn = (words: string): boolean | null =>
  words.includes('lifted by nobody') ? false : words.includes('lifted by ') ? true : null;

async function follow(draws: readonly (number | string)[]): Promise<void> {
  const world = await LaneOfActs.open();
  const acts = new Acts(world);
  try {
    for (const _ of [1, 2]) {
      await acts.startDeploy(null);
      await acts.settle();
      const { deploy } = acts;
      if (deploy === null) throw new Error('it ended early');
      await acts.toGates(deploy);
      await acts.write(deploy);
      await acts.settle();
    }
    await acts.check();
    for (const draw of draws) await acts.act(draw);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${acts.done.join('\n')}\n${message}`, { cause: error });
  } finally {
    await world.close(acts.processes);
  }
}

it(
  'whatever the order of acts, all answers are what is promised',
  async () => {
    const acts = fc.array(fc.nat(5_039), { minLength: 1, maxLength: 14, size: 'max' });
    // Its acts are told by their names, and fourteen are soon read: to try shorter ones takes minutes.
    const numRuns = often(12, 300);
    await fc.assert(fc.asyncProperty(acts, follow), { numRuns, endOnFailure: true });
  },
  attackTimeoutMs,
);

// What the property finds once in many draws.
const killed = ['deploy', 'rollback', 'deploy to its gates', 'kill the rollback', 'give up'];
it.each([
  [
    'a person let a deploy go on, and production is taken back once more',
    [
      ...[
        'goBack by hand',
        'deploy',
        'deploy to its gates',
        'resume',
        'deploy to its gates and on',
      ],
      ...['rollback', 'rollback lands', 'rollback is verified', 'deploy', 'deploy to its gates'],
    ],
  ],
  [
    'a deploy gave way to a rollback that was given up, and the next one went the same way',
    [...killed, 'rollback', 'rollback lands', 'kill the rollback', 'resume', 'deploy to its gates'],
  ],
  [
    'what a killed rollback made is lifted while the same command goes on, which tells its end after that',
    [
      ...['rollback', 'rollback lands unheard', 'deploy', 'deploy to its gates', 'rollback'],
      ...['resume', 'rollback is verified', 'deploy to its gates and on'],
    ],
  ],
])('%s', async (_, acts) => {
  await follow(acts);
});
