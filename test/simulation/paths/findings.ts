/** What a driven path came to, held against the path: where the two differ, in words. */
import { type DeployPath, inWords } from '../../../src/machine/paths.ts';
import type { Driven } from './drive.ts';
import type { PathWorld } from './world.ts';

/** @returns nothing where all is as the path says */
export function findingsOf(
  { commits }: PathWorld,
  { steps }: DeployPath,
  driven: Driven,
): string[] {
  const { taken, replayed, writes, running, onCanary } = driven;
  const { root, base, ours } = commits;
  const last = steps.at(-1);
  const written = steps.filter(({ event }) => event.type === 'production.submitted').length;
  const isGiven = steps.some(({ event }) => event.type === 'canary.submitted');
  const findings: string[] = [];
  const expect = (what: string, is: unknown, among: readonly unknown[]): void => {
    if (!among.includes(is)) findings.push(`${what}: ${is} rather than ${among.join(' or ')}`);
  };
  expect('it took', taken.join(', '), [steps.map(inWords).join(', ')]);
  expect('a replay disagrees', replayed.disagreement, [null]);
  expect('settled', replayed.settled, [last?.to !== 'queued.gaveUp']);
  expect('writes to production', writes, [written]);
  if (last?.to === 'production.live') expect('production runs', running, [ours]);
  if (!isGiven) expect('the canary runs', onCanary, [base]);
  // It never ran what came to production meanwhile; then it runs what production ran when the deploy began.
  const before = [root, base, ours].includes(running ?? '') ? [running] : [root, base];
  // What never came to run there is not taken back.
  if (!steps.some(({ event }) => event.type === 'canary.deployed')) before.push(base);
  if (last?.event.type === 'canary.restored' && isGiven) {
    expect('the canary runs', onCanary, before);
  }
  return findings;
}
