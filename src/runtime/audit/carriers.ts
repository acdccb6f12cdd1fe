/** Deploys with which a commit shipped as the log itself says, where git cannot. */
import type { DeployEntry } from './deploy-index.ts';
import type { ExplainFacts } from './explain-facts.ts';
import { endOf } from './explain-links.ts';

/** So many of the newest are looked at. */
const newestMax = 200;

/** A newer build took the place of one of its deploys, and shipped this commit too: the log says so itself. */
export async function shippedByRecord(
  own: readonly DeployEntry[],
  live: readonly DeployEntry[],
  facts: ExplainFacts,
): Promise<DeployEntry | undefined> {
  for (const { deploy } of own) {
    const by = (await replacements(deploy, facts)).at(-1);
    const found = live.find((entry) => entry.deploy === by);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The deploys that took its place, one after the other. */
export async function replacements(deploy: string, facts: ExplainFacts): Promise<string[]> {
  const found: string[] = [];
  for (let at = deploy; ; ) {
    const last = endOf(await facts.events(at))?.event;
    if (last?.type !== 'deploy.superseded' || last.data.cause !== 'newer-build') return found;
    at = last.data.by.deploy;
    if (found.includes(at)) return found;
    found.push(at);
  }
}

/** Of a clone without the history: the release notes that were made where it was there. */
export async function shippedByNotes(
  commit: string,
  live: readonly DeployEntry[],
  facts: ExplainFacts,
): Promise<DeployEntry | undefined> {
  for (const entry of live.slice(-newestMax)) {
    const observed = (await facts.events(entry.deploy)).findLast(
      ({ event }) => event.type === 'deploy.observed',
    );
    const notes = observed?.event.type === 'deploy.observed' ? observed.event.data.notes : null;
    if (notes?.commits.some(({ sha }) => sha === commit)) return entry;
  }
  return undefined;
}
