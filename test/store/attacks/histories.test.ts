/** Ten thousand random histories, and the proof that four kinds of broken log would be found among them. */

import { expect, it } from 'vitest';
import type { AppendOptions, EventLog, StreamAppend } from '../../../src/store/log.ts';
import { fc } from '../../fast-check.ts';
import { ModelLog } from '../model.ts';
import { history, type Operation, replay } from './histories.ts';
import { emptyLog, openBytes } from './inside.ts';
import { attackTimeoutMs, often, seedOfRun, tell } from './seed.ts';

const histories = often(1_500, 1_000_000);
const shrunkMax = 10;

const empty = await emptyLog();

type Break = (log: EventLog) => EventLog;

async function agrees(operations: readonly Operation[], broken: Break): Promise<void> {
  const model = new ModelLog();
  const { log } = openBytes(empty, { now: () => model.now });
  try {
    await replay(broken(log), model, operations);
  } finally {
    await log.close();
  }
}

const check = (numRuns: number, seed: number, broken: Break) =>
  fc.check(
    fc.asyncProperty(history, (operations) => agrees(operations, broken)),
    { numRuns, seed },
  );

it(`${histories} histories give what the model gives`, { timeout: attackTimeoutMs }, async () => {
  const seed = seedOfRun();
  const result = await check(histories, seed, (log) => log);
  tell(`histories: ${result.numRuns}, seed ${seed}`);
  if (!result.failed) return;
  throw new Error(`LOCKSTEP_SEED=${seed}: ${fc.defaultReportMessage(result)}`);
});

type Given = [readonly StreamAppend[], AppendOptions];

/** A log whose appends are changed on their way in. */
const changing =
  (change: (batches: readonly StreamAppend[], options: AppendOptions) => Given): Break =>
  (log) =>
    new Proxy(log, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (name === 'append') {
          return (batches: readonly StreamAppend[], options: AppendOptions = {}) =>
            target.append(...change(batches, options));
        }
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });

const without = (options: AppendOptions, name: keyof AppendOptions): AppendOptions =>
  Object.fromEntries(Object.entries(options).filter(([key]) => key !== name));

const breaks: [string, Break][] = [
  [
    'ignores the expected version',
    changing((batches, options) => [
      batches.map((batch) => ({ ...batch, expected: 'any' })),
      options,
    ]),
  ],
  ['ignores the fence', changing((batches, options) => [batches, without(options, 'fence')])],
  ['forgets the release', changing((batches, options) => [batches, without(options, 'release')])],
  ['leaves out the second batch', changing((batches, options) => [batches.slice(0, 1), options])],
];

for (const [what, broken] of breaks) {
  it(`a log that ${what} is found, in at most ${shrunkMax} operations`, async () => {
    const { failed, counterexample } = await check(histories, seedOfRun(), broken);
    expect(failed).toBe(true);
    expect(counterexample?.[0].length).toBeLessThanOrEqual(shrunkMax);
  });
}
