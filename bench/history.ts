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
  const stages = await Promise.all([setStage(), setStage(), setStage(), setStage(), setStage()]);
  const [fresh, brief, long, quiet, stacked] = stages;
  const deploys = new Deploys(fresh);
  try {
    await growOld(brief, short);
    await growOld(long, events);
    const ofStacked = Math.min(events, stackedMax);
    await lengthen(stacked.store, { events: ofStacked, lane: 'acme-web', isStacked: true });
    return [
      ...(await reading(brief, long, events, rounds)),
      ...(await advancing(deploys, long, `a lane of ${inWords(events)}`, rounds)),
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

/** As a team deploys that ships what it commits, around the clock. */
const apartMs = 30 * 60_000;
/** No deploy has fewer. */
const eventsOfDeploy = 15;

/** A log of so many events, over years, and a branch with the commits. */
async function growOld(stage: BenchStage, events: number): Promise<void> {
  const count = Math.ceil(events / eventsOfDeploy);
  await backdate(stage.store, (count + 1) * apartMs);
  const commits = stage.branch('history', count, apartMs).values();
  await lengthen(stage.store, { events, lane: 'acme-web', apartMs, commits });
}

/** Commands that read, what a log is asked for by each, and how many times as long they may take on a long one. */
const looks: readonly {
  readonly command: string;
  readonly args: (log: Grown) => readonly string[];
  readonly times: number;
}[] = [
  { command: 'status', args: () => [], times: 1.1 },
  { command: 'export', args: ({ deploy }) => ['--deploy', deploy], times: 1.5 },
  { command: 'export', args: ({ since }) => ['--since', since], times: 1.5 },
  { command: 'explain', args: ({ commit }) => [commit], times: 1.2 },
  { command: 'report', args: ({ deploy }) => [deploy], times: 1.2 },
];

async function reading(
  brief: BenchStage,
  long: BenchStage,
  events: number,
  rounds: number,
): Promise<Figure[]> {
  const logs = [await grown(brief), await grown(long)] as const;
  const contenders = Object.fromEntries(
    looks.flatMap(({ command, args }, i) => [
      [`short ${i}`, () => brief.pipeline(command, ...args(logs[0]))],
      [`long ${i}`, () => long.pipeline(command, ...args(logs[1]))],
    ]),
  );
  const runs: Record<string, Measured[]> = await takeTurns(rounds, contenders);
  const figures = looks.flatMap(({ command, args, times }, i) => {
    const [option = ''] = args({ deploy: '', commit: '', since: '' });
    return compared(
      `${command} ${option}`.trim().concat(`, a log of ${inWords(events)}`),
      runs[`long ${i}`] ?? [],
      { what: `of ${inWords(short)}`, runs: runs[`short ${i}`] ?? [] },
      { time: { times }, memory: { more: 10 } },
    );
  });
  return [...figures, ...(await verifying(long, events, Math.ceil(rounds / 3)))];
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
  /** A time with some fifty events after it. */
  readonly since: string;
}

/** So many deploys before the last one: what people ask about is near, and seldom the last. */
const before = 40;

async function grown({ store }: BenchStage): Promise<Grown> {
  const log = await openLog(store, { readOnly: true, projections });
  const row = (await readDeploys(log, { limit: before })).at(-1);
  const [event] = await log.readAll({ after: (await log.head()) - 50, limit: 1 });
  await log.close();
  return { deploy: row?.deploy ?? '', commit: row?.commit ?? '', since: event?.time ?? '' };
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
    'The same command on a long log and on a short one. What a deploy or a look costs does not grow with what happened before.',
  missed:
    'a command that asks git has git’s own time in its time, and not in its processor time. `verify` reads, parses, hashes and holds each event against its schema and the chart: of its processor time JSON is a fifth, SQLite’s own check of its indexes (in a thread of its own) a sixth, clearing memory away an eighth, schemas, hashes and reading rows a tenth each.',
  run,
};
