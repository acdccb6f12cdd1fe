/** Three apps at the sandbox's Heroku as a world of the target contract, over real HTTP. */

import {
  type App,
  defaultTiming,
  type Generation,
  type Timing,
} from '../../src/sandbox/heroku/state.ts';
import { dyno } from '../effects/targets/heroku/hand-set.ts';
import { SandboxHeroku } from '../effects/targets/heroku/sandbox-heroku.ts';
import type { Place, TargetWorld, ToldInstance } from './world.ts';

/** A promotion that has made no release yet cannot be found by who looks for it: here it makes it at once. */
const timing: Timing = { ...defaultTiming, promotionMs: 0 };

export class HerokuTargetWorld implements TargetWorld {
  readonly #heroku: SandboxHeroku;
  readonly #apps: Readonly<Record<Place, App>>;

  static async start(generation: Generation): Promise<HerokuTargetWorld> {
    return new HerokuTargetWorld(await SandboxHeroku.start({ generation }));
  }

  constructor(heroku: SandboxHeroku) {
    this.#heroku = heroku;
    heroku.timing = timing;
    this.#apps = {
      staging: heroku.app('acme-staging'),
      canary: heroku.app('acme-canary'),
      production: heroku.app('acme-production'),
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
    const restoring = `POST /apps/${this.#apps[place].name}/releases`;
    return this.#heroku.done.filter((one) => one === restoring).length;
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
    const app = this.#apps[place];
    const here = [`POST /apps/${app.name}/builds`, 'POST /pipeline-promotions'];
    const lastingMs = Number.POSITIVE_INFINITY;
    this.#heroku.onAsked = (request) => {
      const isHere = here.includes(request);
      if (outcome === 'stall') {
        this.#heroku.timing = isHere ? { buildMs: lastingMs, promotionMs: lastingMs } : timing;
      } else if (isHere) {
        app.next.buildFails = true;
        this.#heroku.heroku.pipeline.nextPromotion = 'fails';
      }
    };
  }

  restoringsTo(place: Place, outcome: 'fail' | 'stall'): void {
    this.#heroku.nextPhases(this.#apps[place], outcome === 'fail' ? 'failed' : 'never');
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
    const app = this.#apps[place];
    app.dynos = listed.map(({ name, version, state, life = 1 }) =>
      dyno(app, name, Number(version.slice(1)), { state, id: `dyno-${name}-${life}` }),
    );
  }

  close(): Promise<void> {
    return this.#heroku.close();
  }
}
