/** From what a person types to one deploy: its id, or the start of it. */
import { UsageError } from '../errors.ts';
import { type DeployRow, readDeploy } from '../store/deploys.ts';
import type { EventLog } from '../store/log.ts';

const listedMax = 8;

/** @throws UsageError none, or several */
export async function findDeploy(log: EventLog, name: string): Promise<DeployRow> {
  const rows = await readDeploy(log, name);
  const exact = rows.find(({ deploy }) => deploy === name);
  const found = exact ?? (rows.length === 1 ? rows[0] : undefined);
  if (found !== undefined) return found;
  if (rows.length === 0) {
    throw new UsageError('E_NO_DEPLOY', `the log has no deploy ${name}`, {
      hint: 'pipeline status lists them.',
    });
  }
  const listed = rows.slice(0, listedMax).map(({ deploy }) => deploy);
  const more = rows.length > listedMax ? ` and ${rows.length - listedMax} more` : '';
  throw new UsageError('E_DEPLOY_AMBIGUOUS', `${name} may be any of ${listed.join(', ')}${more}`, {
    hint: 'Give more of its id.',
  });
}
