/** What a long history costs: the same command on a long log and on a short one, in turns. */
import { readDeploys } from '../src/runtime/audit/deploys.ts';
import { projections } from '../src/runtime/audit/projections.ts';
import { openLog } from '../src/store/open.ts';
import { type Bench, type Figure, median, type Size, takeTurns } from './bench.ts';
import { backdate, lengthen } from './long-log.ts';
import { compared, type Measured } from './process.ts';
import { BenchStage } from './stage.ts';

/** How many events a short log has. */
const short = 1_000;
/** Ten thousand deploys, of which a fifth was superseded. */
const stackedMax = 140_000;
const inWords = (events: number): string => `${events.toLocaleString('en')} events`;

/** A stage with one deploy that became live. */
async function setStage(): Promise<BenchStage> {
  const stage = await BenchStage.set();
  await stage.advance(1, stage.commit('Change 1'));
  return stage;
}

/** As a team deploys that ships what it commits, around the clock. */
const apartMs = 30 * 60_000;
/** What a deploy and its turn in the lane leave behind. */
const eventsOfDeploy = 19;

const deploysOf = (events: number): number => Math.ceil(events / eventsOfDeploy);

/**
 * A log of so many events, over years, and the commits that were deployed; the newest one is what production runs.
 *
 * @param commitCount how many commits the branch has; more than the log has deploys: those before them never had one
 */
async function setOldStage(events: number, commitCount = deploysOf(events)): Promise<OldStage> {
  const stage = await BenchStage.set();
  const count = deploysOf(events);
  const all = stage.grow(commitCount - 1, apartMs);
  const commits = all.slice(commitCount - count).values();
  await stage.advance(1, stage.commit('Change 1'));
  await backdate(stage.store, (count + 1) * apartMs);
  await lengthen(stage.store, { events, lane: 'acme-web', apartMs, commits });
  if (commits.next().done !== true) throw new Error('there are more commits than deploys');
  // Not of the very first: the log begins with a deploy of the newest commit, which has them all.
  return { stage, early: all[Math.min(earlyAt, commitCount >> 1)] ?? '' };
}

const earlyAt = 500;

interface OldStage {
  readonly stage: BenchStage;
  /** A commit that was deployed long ago. */
  readonly early: string;
}

class Deploys {
  readonly #stage: BenchStage;
  #count = 1;
  constructor(stage: BenchStage) {
    this.#stage = stage;
  }
  next = (): Promise<Measured> => {
    const build = ++this.#count;
    return this.#stage.advance(build, this.#stage.commit(`Change ${build}`));
  };
}

async function run({ quick, events }: Size): Promise<Figure[]> {
  const rounds = quick ? 3 : 7;
  const old = await Promise.all([
    setOldStage(short),
    setOldStage(events),
    setOldStage(short, deploysOf(events)),
  ]);
  const [brief, long, young] = old;
  const [fresh, quiet, stacked] = await Promise.all([setStage(), setStage(), setStage()]);
  const stages = [...old.map(({ stage }) => stage), fresh, quiet, stacked];
  const deploys = new Deploys(fresh);
  try {
    const ofStacked = Math.min(events, stackedMax);
    await lengthen(stacked.store, { events: ofStacked, lane: 'acme-web', isStacked: true });
    return [
      ...(await reading({ brief, long, young }, events, rounds)),
      ...(await advancing(deploys, long.stage, `a lane of ${inWords(events)}`, rounds)),
      ...(await advancing(
        deploys,
        stacked,
        `a lane of ${inWords(ofStacked)}, a fifth superseded`,
        rounds,
      )),
      ...(await beingQuiet(quiet, events, quick ? 2 : 4)),
    ];
  } finally {
    for (const stage of stages) await stage.strike();
  }
}

const withoutCommitGraph = {
  ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.commitGraph', GIT_CONFIG_VALUE_0: 'false' },
};

const asksGit = true as const;

/** Commands that read, what a log is asked for by each, and how many times as long they may take on a long one. */
const looks: readonly {
  readonly what: string;
  readonly args: (log: Grown) => readonly string[];
  readonly times: number;
  readonly hasCommitGraph?: true;
  /** It goes through commits: beside the log's own part, how old the repository is counts. */
  readonly asksGit?: true;
}[] = [
  { what: 'status', args: () => ['status'], times: 1.1 },
  { what: 'export --deploy', args: ({ deploy }) => ['export', '--deploy', deploy], times: 1.5 },
  { what: 'export --since', args: ({ since }) => ['export', '--since', since], times: 1.5 },
  { what: 'explain', args: ({ commit }) => ['explain', commit], times: 1.2, asksGit },
  ...(
    [
      ['a commit of long ago', ({ early }) => early],
      ['a commit that left the branch there', ({ beside }) => beside],
    ] as const satisfies [string, (log: Grown) => string][]
  ).flatMap(([of, commit]) => [
    { what: `explain ${of}`, args: (log: Grown) => ['explain', commit(log)], times: 1.2, asksGit },
    {
      what: `explain ${of}, where git has a commit-graph`,
      args: (log: Grown) => ['explain', commit(log)],
      ...{ times: 1.2, asksGit, hasCommitGraph: true as const },
    },
  ]),
  { what: 'report', args: ({ deploy }) => ['report', deploy], times: 1.2 },
];

/** @param logs a short one, a long one, and a short one of a repository that is as old as the long one's */
async function reading(
  { brief, long, young }: Record<'brief' | 'long' | 'young', OldStage>,
  events: number,
  rounds: number,
): Promise<Figure[]> {
  const logs = [await grown(brief), await grown(long), await grown(young)] as const;
  for (const { stage } of [brief, long, young]) stage.writeCommitGraph();
  const contenders = Object.fromEntries(
    looks.flatMap(({ args, hasCommitGraph }, i) => {
      const env = hasCommitGraph ? {} : withoutCommitGraph;
      return [
        [`short ${i}`, () => brief.stage.pipelineWith(env, ...args(logs[0]))],
        [`long ${i}`, () => long.stage.pipelineWith(env, ...args(logs[1]))],
        [`young ${i}`, () => young.stage.pipelineWith(env, ...args(logs[2]))],
      ];
    }),
  );
  const runs: Record<string, Measured[]> = await takeTurns(rounds, contenders);
  const figures = looks.flatMap(({ what, times, asksGit }, i) => {
    const of = (contender: string) => runs[`${contender} ${i}`] ?? [];
    const measured = `${what}, a log of ${inWords(events)}`;
    const beside = { what: `of ${inWords(short)}`, runs: of('short') };
    const goals = { time: { times }, memory: { more: 10 } };
    const whole = compared(measured, of('long'), beside, goals);
    if (!asksGit) return whole;
    const asOld = { what: `${beside.what}, a repository as old`, runs: of('young') };
    return [...whole, ...compared(`${measured}, its own part`, of('long'), asOld, goals)];
  });
  return [...figures, ...(await verifying(long.stage, events, Math.ceil(rounds / 3)))];
}

/** Of a million events, and no fewer: a command has to start, too. */
const verifyMostMs = 15_000;

async function verifying(stage: BenchStage, events: number, rounds: number): Promise<Figure[]> {
  const { verify } = await takeTurns(rounds, { verify: () => stage.pipeline('verify') });
  const on = `verify, a log of ${inWords(events)}`;
  return [
    {
      ...{ what: `${on}: processor`, unit: 'ms', against: null },
      measured: median(verify.map(({ cpuMs }) => cpuMs)),
      goal: events < 1_000_000 ? null : { most: verifyMostMs },
    },
    {
      ...{ what: `${on}: memory`, unit: 'MiB', against: null, goal: null },
      measured: median(verify.map(({ mib }) => mib)),
    },
  ];
}

/** What a log is asked for. */
interface Grown {
  /** One of the last. */
  readonly deploy: string;
  readonly commit: string;
  /** Of long ago. */
  readonly early: string;
  /** Upon that one, of no branch: it never shipped. */
  readonly beside: string;
  /** A time with some fifty events after it. */
  readonly since: string;
}

/** So many deploys before the last one: what people ask about is near, and seldom the last. */
const before = 40;

async function grown({ stage, early }: OldStage): Promise<Grown> {
  const log = await openLog(stage.store, { readOnly: true, projections });
  const row = (await readDeploys(log, { limit: before })).at(-1);
  const [event] = await log.readAll({ after: (await log.head()) - 50, limit: 1 });
  await log.close();
  return {
    deploy: row?.deploy ?? '',
    commit: row?.commit ?? '',
    ...{ early, beside: stage.commitBeside(early) },
    since: event?.time ?? '',
  };
}

async function advancing(
  fresh: Deploys,
  long: BenchStage,
  where: string,
  rounds: number,
): Promise<Figure[]> {
  const turns = { inNew: fresh.next, inLong: new Deploys(long).next };
  const { inNew, inLong } = await takeTurns(rounds, turns);
  const what = `advance in ${where}`;
  const goals = { time: { times: 1.1 }, memory: { more: 10 } };
  return compared(what, inLong, { what: 'in a new lane', runs: inNew }, goals);
}

/** Before each of its deploys, others fill the log. */
async function beingQuiet(stage: BenchStage, events: number, rounds: number): Promise<Figure[]> {
  const each = Math.ceil(events / rounds);
  const deploys = new Deploys(stage);
  const { busy, calm } = await takeTurns(rounds, {
    busy: async () => {
      await lengthen(stage.store, { events: each, lane: 'acme-api' });
      return deploys.next();
    },
    calm: deploys.next,
  });
  const what = `advance after ${each.toLocaleString('en')} events of another lane`;
  const goals = { time: { times: 1.1 }, memory: { more: 10 } };
  return compared(what, busy, { what: 'after none', runs: calm }, goals);
}

export const bench: Bench = {
  about:
    'The same command on a long log and on a short one, of deploys that ship one commit each. What a deploy or a look costs does not grow with what happened before.',
  missed:
    'a command that asks git has git’s own time in its time, and not in its processor time. For a commit of long ago git goes through all that came since: for who has it, which a commit-graph makes short, and beside that through every message for what undoes it, which nothing does. That is the time of the repository: what the log’s own length costs stands in the rows called *its own part*, beside a short log of a repository of as many commits. `verify` reads, parses, hashes and holds each event against its schema and the chart: of its processor time JSON is a fifth, SQLite’s own check of its indexes (in a thread of its own) a sixth, clearing memory away an eighth, schemas, hashes and reading rows a tenth each.',
  run,
};
