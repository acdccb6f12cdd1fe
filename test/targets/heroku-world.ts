/** Two apps at the small Heroku of its own tests as a world of the target contract, over real HTTP. */
import { HerokuStandIn } from '../effects/targets/heroku/stand-in.ts';
import type { StandInApp, StandInDyno } from '../effects/targets/heroku/world.ts';
import type { Place, TargetWorld, ToldInstance } from './world.ts';

/** What an app of that generation is. */
export const generations = {
  cedar: {},
  fir: { generation: { id: 'g-1', name: 'fir' }, stack: 'cnb' },
} as const satisfies Record<string, Partial<StandInApp>>;

export class HerokuTargetWorld implements TargetWorld {
  readonly #heroku: HerokuStandIn;
  readonly #apps: Readonly<Record<Place, StandInApp>>;

  static async start(generation: keyof typeof generations): Promise<HerokuTargetWorld> {
    return new HerokuTargetWorld(await new HerokuStandIn().start(), generations[generation]);
  }

  /** @param of what both apps are */
  constructor(heroku: HerokuStandIn, of: Partial<StandInApp>) {
    this.#heroku = heroku;
    this.#apps = {
      staging: heroku.app('acme-staging', of),
      canary: heroku.app('acme-canary', of),
      production: heroku.app('acme-production', of),
    };
    for (const app of Object.values(this.#apps)) {
      // Every app has one, by which there is nothing to run yet.
      heroku.release(app, null, { description: 'Initial release' });
    }
  }

  open(place: Place) {
    return this.#heroku.target(this.#apps[place].name);
  }

  ports(over = {}) {
    return { ...this.#heroku.ports(), ...over };
  }

  get asked() {
    const submission = /^POST .*(\/builds|\/pipeline-promotions)$/;
    return this.#heroku.asked.map((one) => {
      if (submission.test(one)) return 'submission';
      return /^POST .*\/releases$/.test(one) ? 'restoring' : 'other';
    });
  }

  submissions(place: Place): number {
    const app = this.#apps[place];
    const promoted = this.#heroku.promotions.flatMap(({ targets }) => targets);
    return app.builds.length + promoted.filter((target) => target.app === app).length;
  }

  restorings(place: Place): number {
    return this.#heroku.rolledBack.filter((app) => app === this.#apps[place]).length;
  }

  release(place: Place, commit: string): void {
    const description = `Deploy ${commit.slice(0, 8)}`;
    this.#heroku.release(this.#apps[place], this.#heroku.slug(commit), { description });
  }

  configure(place: Place): void {
    const app = this.#apps[place];
    const { slug = null } = app.releases.findLast(({ status }) => status === 'succeeded') ?? {};
    this.#heroku.release(app, slug, { description: 'Set A config vars' });
  }

  goBack(place: Place): void {
    const app = this.#apps[place];
    const ran = app.releases.filter(({ status, slug }) => status === 'succeeded' && slug !== null);
    const to = ran.findLast(({ slug }) => slug !== ran.at(-1)?.slug);
    if (to === undefined) throw new Error('nothing ran before');
    this.#heroku.release(app, to.slug, { description: `Rollback to v${to.version}` });
  }

  failRelease(place: Place, commit: string): void {
    const description = `Deploy ${commit.slice(0, 8)}`;
    const slug = this.#heroku.slug(commit);
    this.#heroku.release(this.#apps[place], slug, { description, status: 'failed' });
  }

  beginRelease(place: Place, commit: string): void {
    const description = `Deploy ${commit.slice(0, 8)}`;
    const slug = this.#heroku.slug(commit);
    this.#heroku.release(this.#apps[place], slug, { description, status: 'pending' });
  }

  submissionsTo(place: Place, outcome: 'fail' | 'stall'): void {
    const asks = outcome === 'stall' ? Number.POSITIVE_INFINITY : 1;
    this.#apps[place].nextBuild = { asks, endsAs: 'failed', output: 'the build fails\n' };
    this.#heroku.onPromotion = ({ targets }) => {
      if (outcome === 'stall') return;
      for (const target of targets) Object.assign(target, { status: 'failed', error: 'it fails' });
    };
  }

  restoringsTo(place: Place, outcome: 'fail' | 'stall'): void {
    this.#apps[place].nextRollback = { status: outcome === 'fail' ? 'failed' : 'pending' };
  }

  forget(place: Place): void {
    const { releases } = this.#apps[place];
    const runs = releases.findLast(({ status }) => status === 'succeeded');
    for (const release of releases) {
      if (release.slug !== null && release !== runs) release.status = 'expired';
    }
  }

  loseReply(place: Place, when: 'before' | 'after'): void {
    const app = `/apps/${this.#apps[place].name}`;
    for (const path of [`${app}/builds`, '/pipeline-promotions', `${app}/releases`]) {
      this.#heroku.faults.set(`POST ${path}`, [when === 'after' ? 'lost-after' : 'lost-before']);
    }
  }

  answerReads(body: string): void {
    this.#heroku.answerReads = body;
  }

  want(place: Place, count: number): void {
    this.#apps[place].formation = [{ type: 'web', quantity: count }];
  }

  instances(place: Place, listed: readonly ToldInstance[]): void {
    this.#apps[place].dynos = listed.map(({ name, version, state, life }) => {
      const number = Number(version.slice(1));
      const dyno: StandInDyno = { name, type: 'web', state, version: number };
      return { ...dyno, id: `dyno-${name}-${life ?? 1}` };
    });
  }

  close(): Promise<void> {
    return this.#heroku.close();
  }
}
