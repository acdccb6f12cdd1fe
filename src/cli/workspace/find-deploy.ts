/** From what a person types to one deploy: its id, its build's label, or the start of its id. */
import { UsageError } from '../../errors/error.ts';
import { listed } from '../../format/words.ts';
import { type DeployRow, readDeploy } from '../../runtime/audit/deploys.ts';
import type { EventLog } from '../../store/log.ts';

const listedMax = 8;

/**
 * A whole id is that deploy. Otherwise a build's label goes before the beginning of another's id (`42`
 * is not `421-…`), and of several attempts at one build and commit (`42-1a5f89db`, `42-1a5f89db.2`)
 * the newest is meant.
 *
 * @param tell is told which of several attempts was taken
 * @throws UsageError none, or several
 */
export async function findDeploy(
  log: EventLog,
  name: string,
  tell: (line: string) => void = () => {},
): Promise<DeployRow> {
  if (name === '') throw noName();
  return deployAmong(await readDeploy(log, name), log, name, tell);
}

/** The same, of those that `readDeploy` found for the name. @throws UsageError */
export async function deployAmong(
  rows: readonly DeployRow[],
  log: EventLog,
  name: string,
  tell: (line: string) => void,
): Promise<DeployRow> {
  const labelled = rows.filter(({ deploy, build }) => build === name || deploy === name);
  const meant = labelled.length > 0 ? labelled : rows;
  const [newest, ...older] = meant;
  if (newest === undefined) {
    throw new UsageError('E_NO_DEPLOY', `the log has no deploy ${name}`, {
      hint: 'pipeline status lists them.',
    });
  }
  if (older.length === 0 && rows.length === 1) return newest;
  if (older.some(({ deploy }) => firstAttempt(deploy) !== firstAttempt(newest.deploy))) {
    throw ambiguous(name, meant);
  }
  if (older.length > 0) {
    const others = older.map(({ deploy }) => deploy).join(', ');
    tell(`${name} is ${newest.deploy}, the newest attempt; before it: ${others}`);
  }
  // Of several, none was compared with its events yet.
  return findDeploy(log, newest.deploy);
}

/** Every id begins with it. */
export function noName(): UsageError {
  return new UsageError('E_NO_DEPLOY', 'the name of a deploy is empty', {
    hint: 'Is a variable not set? pipeline status lists them.',
  });
}

/** The id without the number that tells an attempt from the first one. */
const firstAttempt = (deploy: string): string => deploy.replace(/\.\d+$/, '');

function ambiguous(name: string, rows: readonly DeployRow[]): UsageError {
  const names = rows.map(({ deploy }) => deploy);
  return new UsageError('E_DEPLOY_AMBIGUOUS', `${name} may be any of ${listed(names, listedMax)}`, {
    hint: 'Give more of its id.',
  });
}
