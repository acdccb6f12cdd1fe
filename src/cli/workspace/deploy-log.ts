/** Finds and opens the log of deploys. */
import { logVocabulary } from '../../machine/vocabulary.ts';
import { keepVocabulary, redactAll } from '../../redaction/gate.ts';
import { projections } from '../../runtime/audit/projections.ts';
import type { EventLog } from '../../store/log.ts';
import { openLog } from '../../store/open.ts';
import type { Environment } from '../config/environment.ts';
import type { GlobalFlags } from './flags.ts';
import { givenStore } from './store-url.ts';

/** For commands that only read the log: they do without a configuration where the log is named. */
export async function findStore(
  flags: Pick<GlobalFlags, 'config' | 'store'>,
  environment: Environment,
): Promise<string> {
  const named = givenStore(flags, environment);
  if (named !== null) return named;
  const { openWorkspace } = await import('./workspace.ts');
  return (await openWorkspace(flags, environment)).storeUrl;
}

/** Only `advance` and `import` make a log: elsewhere a store without one is the wrong one. */
export function openDeployLog(
  storeUrl: string,
  options: { readonly readOnly: boolean; readonly create?: boolean; readonly patienceMs?: number },
): Promise<EventLog> {
  keepVocabulary(logVocabulary());
  return openLog(storeUrl, { projections, clean: redactAll, ...options });
}
