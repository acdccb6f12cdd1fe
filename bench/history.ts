/** What a long history costs: the same command on a long log and on a short one, in turns. */
import { openLog } from '../src/store/open.ts';
import { type Bench, type Figure, type Size, takeTurns } from './bench.ts';
import { lengthen } from './long-log.ts';
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
    await lengthen(brief.store, { events: short, lane: 'acme-web' });
    const deploy = await lengthen(long.store, { events, lane: 'acme-web' });
    const ofStacked = Math.min(events, stackedMax);
    await lengthen(stacked.store, { events: ofStacked, lane: 'acme-web', isStacked: true });
    return [
      ...(await reading(brief, long, deploy, events, rounds)),
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

async function reading(
  brief: BenchStage,
  long: BenchStage,
  deploy: string,
  events: number,
  rounds: number,
): Promise<Figure[]> {
  const shortDeploy = await lengthen(brief.store, { events: 1, lane: 'acme-web' });
  const since = await timesOf([brief, long]);
  const exporting =
    (stage: BenchStage, ...part: string[]) =>
    () =>
      stage.pipeline('export', ...part);
  const { statusLong, statusShort, deployLong, deployShort, sinceLong, sinceShort } =
    await takeTurns(rounds, {
      statusShort: () => brief.pipeline('status'),
      statusLong: () => long.pipeline('status'),
      deployShort: exporting(brief, '--deploy', shortDeploy),
      deployLong: exporting(long, '--deploy', deploy),
      sinceShort: exporting(brief, '--since', since[0] ?? ''),
      sinceLong: exporting(long, '--since', since[1] ?? ''),
    });
  const on = (count: number) => `a log of ${count.toLocaleString('en')} events`;
  const to = (what: string, runs: Measured[], peer: Measured[], times: number) =>
    compared(
      `${what}, ${on(events)}`,
      runs,
      { what: on(short), runs: peer },
      { time: { times }, memory: { more: 10 } },
    );
  return [
    ...to('status', statusLong, statusShort, 1.1),
    ...to('export --deploy', deployLong, deployShort, 1.5),
    ...to('export --since', sinceLong, sinceShort, 1.5),
  ];
}

/** Of each log: a time with some fifty events after it. */
async function timesOf(stages: readonly BenchStage[]): Promise<string[]> {
  const times: string[] = [];
  for (const { store } of stages) {
    const log = await openLog(store, { readOnly: true });
    const [event] = await log.readAll({ after: (await log.head()) - 50, limit: 1 });
    times.push(event?.time ?? '');
    await log.close();
  }
  return times;
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
  run,
};
