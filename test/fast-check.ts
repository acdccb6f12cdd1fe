/** fast-check from one seed, so that `npm test` does the same each time; `LOCKSTEP_SOAK=1` draws what nobody tried. */
import fc from 'fast-check';
import { seedOfRun } from './store/attacks/seed.ts';

fc.configureGlobal({ seed: seedOfRun() });

export { fc };
