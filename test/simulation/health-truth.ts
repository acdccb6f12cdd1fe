/** What was true of an app when a deploy looked at it last, told from the world itself: was it healthy, did it run? */
import type { SandboxState } from '../../src/sandbox/sandbox-state.ts';

export type AppState = SandboxState['apps'][string];

interface Look {
  readonly at: number;
  readonly app: AppState;
  /** Lists lag at this moment: what they show may be some seconds old. */
  readonly lags: boolean;
}

export class HealthTruth {
  /** By deploy, app and what was looked at. */
  readonly #looks = new Map<string, Look>();

  looked(what: 'dynos' | 'releases', deploy: string, app: string, look: Look): void {
    this.#looks.set(`${deploy} ${app} ${what}`, look);
  }

  /**
   * What is untrue of a deploy that calls the app verified with this release; null when it is all true.
   *
   * @param options.settleMs for how long its dynos have to have been up
   */
  untrue(
    deploy: string,
    app: string,
    { release, settleMs }: { release: string; settleMs: number },
  ): string | null {
    const dynos = this.#looks.get(`${deploy} ${app} dynos`);
    const releases = this.#looks.get(`${deploy} ${app} releases`);
    if (dynos === undefined || releases === undefined) return 'it was not looked at';
    if (releases.at < dynos.at) return 'what runs was not looked at last';
    return notSteady(dynos, settleMs) ?? (releases.lags ? null : notRunning(releases, release));
  }
}

function notSteady({ at, app }: Look, settleMs: number): string | null {
  for (const [type, quantity] of Object.entries(app.formation)) {
    const steady = app.dynos.filter(
      (dyno) => dyno.type === type && dyno.state === 'up' && at - dyno.since >= settleMs,
    );
    if (steady.length < quantity) {
      const states = app.dynos.map(({ name, state, since }) => `${name} ${state} ${at - since} ms`);
      return `${steady.length} of ${quantity} ${type} were up for ${settleMs} ms (${states.join(', ')})`;
    }
  }
  return null;
}

function notRunning({ app }: Look, release: string): string | null {
  const ours = app.releases.find(({ id, status }) => id === release && status === 'succeeded');
  if (ours === undefined || ours.slug === null) return 'its release never ran';
  const newest = Math.max(
    ...app.releases.flatMap(({ version, status }) => (status === 'succeeded' ? version : [])),
  );
  const other = app.releases.find(
    ({ version, slug, status, description }) =>
      version > ours.version &&
      status !== 'failed' &&
      // One that a later release has overtaken never comes to run.
      (status !== 'pending' || version > newest) &&
      (slug !== ours.slug || description.startsWith('Rollback')),
  );
  return other === undefined ? null : `v${other.version} (${other.description}) is ${other.status}`;
}
