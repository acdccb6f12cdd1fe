/** What it takes to start each command, beside `node -e 0`: each answers from a log of one deploy. */
import { type Bench, type Figure, type Size, takeTurns } from './bench.ts';
import { compared, type Measured, measured } from './process.ts';
import { BenchStage, binary } from './stage.ts';

const deploy = '1-';
const order = ['--reason', 'bench', '--branch', 'master'];

/** What is measured: the arguments of `node`. */
const commands: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  '--version': [binary, '--version'],
  help: [binary, 'help'],
  status: [binary, 'status'],
  'status --json': [binary, 'status', '--json'],
  log: [binary, 'log', deploy],
  replay: [binary, 'replay', deploy],
  export: [binary, 'export'],
  docs: [binary, 'docs'],
  disable: [binary, 'disable', ...order],
  enable: [binary, 'enable', ...order],
};

async function run({ quick }: Size): Promise<Figure[]> {
  const stage = await BenchStage.set();
  try {
    await stage.advance(1, stage.commit('Change 1'));
    const place = { cwd: stage.repository, env: stage.environment };
    const starts = Object.entries(commands).map(([name, args]) => {
      return [name, () => measured(args, place)] as const;
    });
    const contenders = Object.fromEntries(starts) as Record<string, () => Promise<Measured>>;
    const { 'node -e 0': bare = [], ...runs } = await takeTurns(quick ? 3 : 9, contenders);
    const none = { time: null, memory: null };
    return Object.entries(runs).flatMap(([name, each]) =>
      compared(name, each, { what: 'node -e 0', runs: bare }, none),
    );
  } finally {
    await stage.strike();
  }
}

export const bench: Bench = {
  about:
    'A command from its start to its end, on a log of one deploy, beside a Node that does nothing.',
  run,
};
