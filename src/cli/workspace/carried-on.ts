/** Whether this process can carry on a deploy that is in the log: asked before anything is written for it. */
import { environmentsOf } from '../../machine/environments.ts';
import { has } from '../../machine/interpret.ts';
import { foldStream } from '../../runtime/log/recorded.ts';
import type { EventLog } from '../../store/log.ts';
import { assertSameList } from '../ci/builds.ts';
import type { Here } from './here.ts';

/**
 * Its targets are those of the settings that it is pinned to, and they may be of other kinds than the configuration's. One that
 * is over is only told of.
 *
 * @param held whether one that is held goes on
 * @throws UsageError E_MISSING_TOKEN, E_TARGET_KIND, E_LOCK_PROVIDER
 */
export async function assertCarriedOn(
  log: EventLog,
  deploy: string,
  { targets, workspace: { config }, ci }: Pick<Here, 'targets' | 'workspace' | 'ci'>,
  held: 'goes on' | 'stays',
): Promise<void> {
  const folded = await foldStream(log, deploy);
  if (folded === null) return;
  const goesOn = !has(folded, 'settled') || (held === 'goes on' && has(folded, 'held'));
  if (!goesOn) return;
  const { settings, build } = folded.snapshot.context.request;
  for (const { environment } of environmentsOf(settings)) targets(environment.target);
  assertSameList(build, deploy, { config, ci });
}
