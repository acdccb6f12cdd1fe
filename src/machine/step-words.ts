/** The steps in words. */
import type { Step } from './codec.ts';

const stepWords: { readonly [S in Step]: string } = {
  acquireLock: 'waiting for the lane’s lock',
  acquireLockToRestore: 'waiting for the lane’s lock, to take the canary back',
  observe: 'reading what production runs',
  submitStaging: 'submitting the commit to staging',
  followStaging: 'building for staging',
  awaitStagingRelease: 'releasing to staging',
  awaitStagingInstances: 'starting staging’s instances',
  checkStagingHealth: 'checking that staging stays healthy',
  bakeStaging: 'baking on staging',
  readGates: 'reading production’s gates',
  submitCanary: 'submitting to the canary',
  followCanary: 'following what the canary has under way',
  awaitCanaryRelease: 'releasing to the canary',
  awaitCanaryInstances: 'starting the canary’s instances',
  checkCanaryHealth: 'checking that the canary stays healthy',
  bakeCanary: 'baking on the canary',
  restoreCanary: 'taking the canary back',
  submitProduction: 'submitting to production',
  followProduction: 'following what production has under way',
  awaitProductionRelease: 'releasing to production',
  awaitProductionInstances: 'starting production’s instances',
  checkProductionHealth: 'checking that production stays healthy',
  bakeProduction: 'baking in production',
};

/** What a step does: `releasing to staging`. A name that is no step is given back as it is. */
export function describeStep(step: string): string {
  return Object.hasOwn(stepWords, step) ? stepWords[step as Step] : step;
}
