/** Three apps at Heroku: staging, a canary and production, or the canary in staging's place; each checked, and baked where it is said. */
import type { RunningSandbox } from '../../../src/sandbox/server.ts';
import { type Ended, type Job, Stage } from '../stage.ts';
import { type PlaceName as App, CanaryStage } from './canary-stage.ts';

export type CanaryPlace = 'between' | 'in staging’s place';

export const person = 'ana@acme.test';
const nameOf = (app: App): string => `acme-${app}`;

export interface CanaryOptions {
  readonly place?: CanaryPlace;
  /** What an environment says besides its app and its checks. */
  readonly extra?: Partial<Record<App, string>>;
}

export class HerokuStage extends CanaryStage {
  /** All apps run it when the story begins. */
  readonly base: string;
  readonly #seeded: Readonly<Record<App, number>>;

  private constructor(stage: Stage) {
    super(stage);
    this.base = stage.commit('Base');
    for (const app of ['staging', 'canary', 'production'] as const) {
      stage.sandbox.control.seed({ app: nameOf(app), commit: this.base });
    }
    this.#seeded = {
      staging: this.#releases('staging').length,
      canary: this.#releases('canary').length,
      production: this.#releases('production').length,
    };
  }

  static async set(options: CanaryOptions = {}): Promise<HerokuStage> {
    const config = (urls: RunningSandbox['urls']) => configOf(urls, options);
    return new HerokuStage(await Stage.set({ within: true, config }));
  }

  get control(): RunningSandbox['control'] {
    return this.stage.sandbox.control;
  }

  advance(build: number, commit: string): Promise<Ended> {
    return this.stage.advance(build, commit);
  }

  /** A process of its own. */
  start(build: number, commit: string): Job {
    return this.stage.startAdvance(build, commit);
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.stage.run(args);
  }

  #releases(app: App) {
    return this.stage.state().apps[nameOf(app)]?.releases ?? [];
  }

  /** Of the code that the app runs. */
  runs(app: App): string | null | undefined {
    return this.#releases(app).findLast(
      ({ slug, status }) => slug !== null && status === 'succeeded',
    )?.commit;
  }

  /** The commits that were released there since the story began, one for each release, and how. */
  released(app: App): { commit: string | null; description: string }[] {
    const since = this.#releases(app).slice(this.#seeded[app]);
    return since.map(({ commit, description }) => ({ commit, description }));
  }

  /** A person takes production back to what ran before the story. */
  rollBack(): Promise<Ended> {
    const before = this.#releases('production')[this.#seeded.production - 1]?.version;
    const args = ['rollback', `v${before}`, '--yes', '--reason', 'errors'];
    return this.stage.run(args, { CI: undefined });
  }

  strike(): Promise<void> {
    return this.stage.strike();
  }
}

function configOf(
  urls: RunningSandbox['urls'],
  { place = 'between', extra = {} }: CanaryOptions,
): string {
  const between = place === 'between';
  const environment = (app: App, deploy: string): string => `${app}:
  heroku: { app: ${nameOf(app)}${deploy} }
  ${extra[app] ?? ''}
  verify:
    dynos: { timeout: 20s, settle: 50ms }
    endpoints:
      - { url: "${urls[app]}/", timeout: 1s, revision: { header: x-revision } }
`;
  return `app: acme-web
branch: master
repository: https://github.com/acme/web
${between ? environment('staging', '') : ''}${environment('canary', between ? ', deploy: promote' : '')}${environment('production', ', deploy: promote')}notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`;
}
