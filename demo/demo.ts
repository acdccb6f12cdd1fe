/**
 * Five short stories, told by the real binary, as CI would run it. On the sandbox: a commit goes live; of three stacked
 * builds the middle one is superseded; a rollback holds the next deploy until a person lifts it; a killed run is finished by
 * the same command. And on programs of one's own: a canary that goes bad while it bakes is taken back.
 *
 * Leaves the log and the repositories in a temporary folder for the reader to explore.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellOnFolders } from './on-folders.ts';
import { tellOnHeroku } from './on-heroku.ts';
import { binary, node, say } from './team.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-demo-'));
/** Outside of the checkouts, as on a disk that CI keeps. */
const store = `sqlite:${join(root, 'log.db')}`;

const team = await tellOnHeroku(root, store);
await tellOnFolders(root, store);

say('\nWhere things stand');
await team.show(['status', '--offline']);
say('\nThe first deploy, replayed from the log');
await team.show(['replay', '501']);
say(`
The log is yours to explore:
  cd ${team.folder}
  export PIPELINE_STORE='${store}'
  ${node} ${binary} status --offline
  ${node} ${binary} log 602
  ${node} ${binary} replay 506
Or look at it in a browser, lanes, deploys and the chart:
  ${node} ${binary} serve`);
