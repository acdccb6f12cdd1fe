/** Ways not to ship without a word, and to carry on in a lane that is somebody else's by the CI's list. */
import type { Mutant } from '../mutant.ts';

export const shippingMutants: readonly Mutant[] = [
  {
    id: 'a-queued-run-ends-without-a-reason',
    promise: 'or is told why it does not',
    file: 'src/runtime/loop/run.ts',
    symbol: '#isOver',
    code: "has(this.#folded, 'settled')",
    by: "!has(this.#folded, 'holdsLock')",
    noticedBy: 'test/simulation/must-ship.test.ts',
  },
  {
    id: 'gives-way-to-a-deploy-that-there-is-not',
    promise: 'or is told why it does not',
    file: 'src/runtime/lock/store-lock.ts',
    symbol: '#look',
    code: 'by: { deploy: newer, build, commit }',
    by: 'by: { deploy: `${newer}0`, build, commit }',
    noticedBy: 'test/simulation/must-ship.test.ts › which carries those between',
  },
  {
    id: 'a-listed-lane-is-held-again-unasked',
    promise: "Where a CI's list is the lock",
    file: 'src/runtime/lock/ci-lock.ts',
    symbol: 'reacquire',
    code: "if (turn.kind !== 'go')",
    by: 'if (me.id === null)',
    noticedBy: 'test/runtime/lock/ci-lock.test.ts › only where its job is first',
  },
  {
    id: 'a-listed-lane-is-held-again-by-one-look',
    promise: "Where a CI's list is the lock",
    file: 'src/runtime/lock/ci-lock.ts',
    symbol: 'reacquire',
    code: 'if (looks === 2)',
    by: 'if (looks > 0)',
    noticedBy: 'test/runtime/lock/ci-lock.test.ts › only where its job is first',
  },
  {
    id: 'a-changed-configuration-is-who-released',
    promise: 'own programs deploy to any host',
    file: 'src/effects/targets/command/releases.ts',
    symbol: '#decidedOf',
    code: 'ofIts.at(-1) ??',
    by: '',
    noticedBy: 'test/targets/command.test.ts',
  },
  {
    id: 'a-going-back-is-passed-by-a-changed-configuration',
    promise: 'own programs deploy to any host',
    file: 'src/effects/targets/command/releases.ts',
    symbol: '#decidedOf',
    code: 'key !== null || rollback',
    by: 'key !== null',
    noticedBy: 'test/targets/command.test.ts',
  },
];
