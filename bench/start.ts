/** What it takes to start each command, beside `node -e 0`: each answers from a log of one deploy. */
import { join } from 'node:path';
import { type Bench, type Figure, type Goal, type Size, takeTurns } from './bench.ts';
import { compared, type Measured, measured } from './process.ts';
import { BenchStage, binary } from './stage.ts';

const deploy = '1-';
const order = ['--reason', 'bench', '--branch', 'master'];

/**
 * Every command that ends by itself, and what it is given: `init` wants an empty repository, `sandbox` and `serve` are
 * there to stay, `resume` and `rollback` are as long as a deploy, `unlock` wants a lane that is held, `open` opens a browser, `doctor` waits for vendors.
 */
const commands: Readonly<Record<string, readonly string[]>> = {
  '--version': [],
  help: [],
  'help advance': [],
  'completion bash': [],
  'complete log': [],
  'status --offline': [],
  status: [],
  'status --json': [],
  explain: ['HEAD'],
  log: [deploy],
  replay: [deploy],
  export: [],
  verify: [],
  metrics: [],
  'report --since 2000-01-01': [],
  whatif: ['--set', 'gates.stuckExit=0'],
  views: [],
  docs: [],
  disable: order,
  enable: order,
};

/** What is aimed at, beside `node -e 0`. */
const goals: Readonly<Record<string, { readonly time?: Goal; readonly memory?: Goal }>> = {
  '--version': { time: { times: 1.5 } },
  'status --offline': { time: { times: 3 } },
  'advance, a whole deploy': { memory: { times: 2.5 } },
};

const bareNode = 'node -e 0';
const exported = (stage: BenchStage): string => join(stage.repository, '../exported.jsonl');

async function run({ quick }: Size): Promise<Figure[]> {
  const stage = await BenchStage.set();
  try {
    await stage.advance(1, stage.commit('Change 1'));
    const place = { cwd: stage.repository, env: stage.environment };
    await stage.pipeline('export', '--output', exported(stage));
    const starts = Object.entries(commands).map(([name, more]) => {
      return [name, () => measured([binary, ...name.split(' '), ...more], place)] as const;
    });
    let build = 1;
    const contenders: Record<string, () => Promise<Measured>> = {
      [bareNode]: () => measured(['-e', '0'], place),
      ...Object.fromEntries(starts),
      import: () => stage.pipeline('import', exported(stage)),
      'advance, a whole deploy': () => stage.advance(++build, stage.commit(`Change ${build}`)),
    };
    const { [bareNode]: bare = [], ...runs } = await takeTurns(quick ? 3 : 9, contenders);
    return Object.entries(runs).flatMap(([name, each]) => {
      const { time = null, memory = null } = goals[name] ?? {};
      return compared(name, each, { what: bareNode, runs: bare }, { time, memory });
    });
  } finally {
    await stage.strike();
  }
}

export const bench: Bench = {
  about:
    'A command from its start to its end, on a log of one deploy, beside a Node that does nothing.',
  missed:
    '`status --offline` is at work all the time, with no wait in it that could be filled. Of some 95 milliseconds of the processor Node itself takes 20. Of the rest about a ninth each is reading the program’s files, whose code V8 has kept, Node’s own modules (cryptography is half of them, and what an output is written through), and the command’s arguments with what is secret in its environment; a fourteenth each the schemas of events, which are built before the first is read, and clearing memory; a twentieth each opening the log, wording the queries, reading and checking events, SQLite’s driver and the gate for secrets; the chart is 2 %. Each command loads only what it needs. Of what `advance` has, sixteen MiB are V8’s room for what is new: ten of them would be left out where V8 clears it more often, which takes up to a tenth more of the processor’s time in every command; as much is what lives on, six are code, and three the texts of the program and what is outside of V8.',
  run,
};
