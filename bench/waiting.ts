/**
 * Many that wait for one lane, each a process with a commit of its own on one line of history: how long the lane stays
 * free once it is given back, and what a waiter at rest costs.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { newRun } from '../src/runtime/identity.ts';
import { newEvent } from '../src/runtime/log/new-event.ts';
import { laneResource, laneStream } from '../src/runtime/log/streams.ts';
import type { EventLog } from '../src/store/log.ts';
import { openLog } from '../src/store/open.ts';
import { PostgresServer } from '../test/postgres/server.ts';
import { type Bench, type Figure, median, type Size } from './bench.ts';
import { BenchStage, binary } from './stage.ts';
import { lane, leaseMs } from './waiting-lane.ts';

const holder = newRun({
  actor: {
    claimed: 'bench',
    observed: { ci: null, system: { user: 'ana', host: 'ws-7' }, git: null, account: null },
  },
  ci: null,
  program: 'bench',
});
const stream = laneStream(lane);

/** Gives the lane to a deploy that only holds it. @returns what gives it back, and when that was acknowledged */
async function hold(log: EventLog, commit: string): Promise<() => Promise<number>> {
  const token = (await log.readStream(stream)).length + 1;
  const fence = { resource: laneResource(lane), token };
  const [deploy, build] = [`holder-${token}`, 'holder'];
  const data = { deploy, run: holder.id, build, commit, supersedes: [], takenOver: null };
  const events = [newEvent({ type: 'lock.granted', data }, holder)];
  const grant = { ...fence, owner: holder.owner, ttlMs: 30 * leaseMs };
  await log.append([{ stream, expected: 'any', events }], { grant });
  return async () => {
    const released = newEvent({ type: 'lock.released', data: { deploy, token, why: '' } }, holder);
    await log.append([{ stream, expected: 'any', events: [released] }], { release: fence });
    return Date.now();
  };
}

interface Said {
  readonly number: string;
  readonly kind: 'granted' | 'superseded' | 'released' | 'gave up';
  readonly at: number;
  readonly quiesced?: number;
}

interface Waited {
  /** Milliseconds from each release to the grant after it. */
  readonly handOvers: readonly number[];
  readonly gaveUp: number;
  readonly quiesced: number;
}

/** So many wait behind a holder; it gives the lane back, and all of them go, one after another or not at all. */
async function waited(
  url: string,
  place: { readonly repository: string; readonly commits: readonly string[] },
  stacking: 'skip' | 'every',
): Promise<Waited> {
  const log = await openLog(url);
  const said: Said[] = [];
  const { repository, commits } = place;
  const before = (await log.readStream(stream)).length;
  const release = await hold(log, commits[0] ?? '');
  const waiter = join(import.meta.dirname, 'waiter.ts');
  const over = commits.map((commit, index) => {
    const args = [waiter, url, repository, `${before}.${index}`, commit, stacking];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
    return new Promise((resolve) => child.once('close', resolve));
  });
  const joined = async () =>
    (await log.readStream(stream, { fromVersion: before + 1 })).filter(
      ({ type }) => type === 'lane.joined',
    ).length;
  while ((await joined()) < commits.length) await setTimeout(200);
  // Whatever they have to find out beforehand they have found out.
  for (
    let [last, now] = [-1, await log.head()];
    last !== now;
    [last, now] = [now, await log.head()]
  )
    await setTimeout(3_000);
  said.push({ number: '', kind: 'released', at: await release() });
  await Promise.all(over);
  await log.close();
  const at = (kind: string) => said.filter((one) => one.kind === kind).map((one) => one.at);
  const [releases, grants] = [at('released'), at('granted')].map((times) => times.sort());
  return {
    handOvers: (grants ?? []).map((time, index) => time - (releases?.[index] ?? Number.NaN)),
    gaveUp: at('gave up').length,
    quiesced: said.reduce((sum, { quiesced = 0 }) => sum + quiesced, 0),
  };
}

/** What one `advance` that waits behind a holder takes of the processor, in milliseconds a minute: the median of three spans, for V8 may clear its memory in one. */
async function atRest(stage: BenchStage, url: string, seconds: number): Promise<number> {
  const log = await openLog(url);
  const commit = stage.commit(`Waits for ${url}`);
  const release = await hold(log, commit);
  const build = String(Date.now() % 1_000_000);
  const args = ['advance', '--build', build, '--commit', commit, '--branch', 'master'];
  const env = { ...stage.environment, PIPELINE_STORE: url };
  const child = spawn(process.execPath, [binary, ...args], { cwd: stage.repository, env });
  child.stdout.resume();
  child.stderr.resume();
  const isOver = new Promise((resolve) => child.once('close', resolve));
  await setTimeout(8_000);
  const spent: number[] = [];
  for (let span = 0; span < 3; span++) {
    const from = processorMsOf(child.pid);
    await setTimeout(seconds * 1_000);
    spent.push(processorMsOf(child.pid) - from);
  }
  child.kill('SIGTERM');
  await isOver;
  await release();
  await log.close();
  return (median(spent) * 60) / seconds;
}

/** What all of its threads have had of the processor: /proc/[pid]/task/[tid]/schedstat, in nanoseconds. */
function processorMsOf(pid: number | undefined): number {
  const threads = `/proc/${pid}/task`;
  const spent = readdirSync(threads).map((thread) =>
    Number(readFileSync(join(threads, thread, 'schedstat'), 'utf8').split(' ')[0]),
  );
  return spent.reduce((sum, one) => sum + one, 0) / 1_000_000;
}

/** A repository with a line of so many commits, the oldest first. */
function commitsIn(folder: string, count: number): string[] {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
  git('init', '--quiet', '--initial-branch=main');
  const who = ['-c', 'user.name=Ana Lima', '-c', 'user.email=ana@acme.test'];
  return Array.from({ length: count }, (_, index) => {
    git(...who, 'commit', '--quiet', '--allow-empty', '--message', `commit ${index}`);
    return git('rev-parse', 'HEAD');
  });
}

const figure = (what: string, measured: number, most: number | null): Figure => {
  const goal = most === null ? null : { most };
  return { what, unit: 'ms', measured, against: null, goal };
};

/** How many wait, how builds are stacked, and within what the first is to be granted the lane, in milliseconds. */
const crowds = [
  [20, 'skip', 150],
  [20, 'every', null],
  [50, 'skip', 250],
  [50, 'every', null],
] as const;

async function run({ quick }: Size): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const server = await PostgresServer.start();
  const stage = await BenchStage.set();
  try {
    const repository = join(folder, 'repository');
    execFileSync('mkdir', [repository]);
    const commits = commitsIn(repository, 50);
    const stores = {
      SQLite: `sqlite:${join(folder, 'log.db')}`,
      PostgreSQL: server.url('postgres'),
    };
    const figures: Figure[] = [];
    for (const [name, url] of Object.entries(stores)) {
      const wait = (count: number, stacking: 'skip' | 'every') =>
        waited(url, { repository, commits: commits.slice(-count) }, stacking);
      const five: number[] = [];
      for (let round = 0; round < (quick ? 2 : 10); round++)
        five.push(...(await wait(5, 'every')).handOvers);
      const sorted = five.sort((a, b) => a - b);
      figures.push(figure(`${name}, 5 wait, every: median`, median(sorted), null));
      const p99 = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? Number.NaN;
      figures.push(figure(`${name}, 5 wait, every: p99`, p99, 100));
      for (const [count, stacking, most] of quick ? crowds.slice(0, 2) : crowds) {
        const rounds: Waited[] = [];
        for (let round = 0; round < (quick ? 1 : 3); round++)
          rounds.push(await wait(count, stacking));
        const first = median(rounds.map(({ handOvers }) => handOvers[0] ?? Number.NaN));
        const gaveUp = rounds.reduce((sum, one) => sum + one.gaveUp, 0);
        const what = `${name}, ${count} wait, ${stacking}`;
        figures.push(figure(`${what}: first grant (${gaveUp} gave up)`, first, most));
        if (stacking === 'skip') continue;
        const each = median(rounds.flatMap(({ handOvers }) => handOvers));
        figures.push(figure(`${what}: median`, each, null));
      }
      const rest = await atRest(stage, url, 20);
      const most = name === 'SQLite' ? 60 : 30;
      figures.push(figure(`${name}, a waiter at rest: processor time a minute`, rest, most));
    }
    return figures;
  } finally {
    await stage.strike();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

export const bench: Bench = {
  about:
    'Many that wait for one lane, each a process with a commit of its own on one line of history: from the append that gives the lane back to the next grant, with all that they find out of each other by git; and what one `advance` at rest behind a holder takes of the processor.',
  missed:
    'a waiter at rest keeps its lease alive three times a minute, and each such write, its own or another’s, is a reason to look at the lane and at what channels were not told yet: on PostgreSQL some 7 ms each time, about half of all. Another third is the look at the lane every ten seconds, 2 ms. A Node that only wakes up thirty times a minute takes 13 ms.',
  run,
};
