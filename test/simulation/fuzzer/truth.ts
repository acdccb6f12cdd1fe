/** What is true of a stage, told from the world itself and never through our own effects: what may be written, what is live. */
import type { DomainEvent } from '../../../src/machine/events.ts';
import type { App, Release } from '../../../src/sandbox/heroku/state.ts';
import type { Stage } from './stage.ts';

/** How old what was read of the world may be when a write reaches the vendor (heroku-lost-replies.ts). */
const believedMs = 16_000;

export interface ProductionWrite {
  readonly kind: 'promotion' | 'build';
  /** Which release of staging is promoted; null: none is named. */
  readonly release: string | null;
  /** What is built; null: none is named. */
  readonly commit: string | null;
}

export class Truth {
  readonly violations: string[] = [];
  readonly #stage: Stage;
  readonly #commit: string;
  /** Of the release that was promoted. */
  #slug: string | null = null;
  #writes = 0;
  #hadCode = false;

  constructor(stage: Stage, commit: string) {
    this.#stage = stage;
    this.#commit = commit;
  }

  get writes(): number {
    return this.#writes;
  }

  onWrite(write: ProductionWrite): void {
    this.#writes += 1;
    const stage = this.#stage;
    const { world } = stage;
    const wrong = (why: string): void => void this.violations.push(`production was written ${why}`);
    const codes = codeReleases(stage.production);
    this.#hadCode = codes.length > 0;
    if (this.#writes > 1) wrong('twice');
    const stands = stage.time.now() - stage.actedAt > believedMs;
    if (stands && !stage.switchOn) wrong('though the switch is off');
    if (stands && stage.production.releases.some(({ status }) => status === 'pending'))
      wrong('while somebody else’s release was under way there');
    if (stands && goneBack(stage)) wrong('though somebody had gone back');
    const running = world.commitOf(codes.at(-1));
    if (stands && codes.length > 0) {
      const relation = running === null ? 'unknown' : stage.commits.relation(running, this.#commit);
      if (relation !== 'ahead') wrong(`though our commit is ${relation} of what runs there`);
    }
    const ours = builtHere(stage, this.#commit);
    if (write.kind === 'build') {
      if (write.commit !== this.#commit) wrong(`with a build of ${write.commit}`);
    } else {
      const source = stage.staging.releases.find(({ id }) => id === write.release);
      if (source === undefined) wrong('with whatever staging runs');
      else if (!ours.includes(source.slug)) wrong(`with ${source.description}, which is not ours`);
      this.#slug = source?.slug ?? null;
    }
    if (!stands) return;
    const sick = sickness(stage, stage.staging, (release) => ours.includes(release?.slug ?? null));
    if (sick !== null) wrong(`though staging ${sick}`);
  }

  /** @param events of the deploy */
  atEnd(state: string, events: readonly DomainEvent[]): void {
    const stage = this.#stage;
    const first = events.some(
      (event) =>
        (event.type === 'deploy.observed' || event.type === 'gates.passed') &&
        event.data.production.version === null,
    );
    if (this.#writes > 0 && first && this.#hadCode)
      this.violations.push('production was written as if it never had code');
    if (state !== 'production.live') return;
    if (stage.time.now() - stage.actedAt <= believedMs) return;
    const expected = this.#slug;
    const isOurs = (release: Release | undefined): boolean =>
      expected === null
        ? stage.world.commitOf(release) === this.#commit
        : release?.slug === expected;
    const sick = sickness(stage, stage.production, isOurs);
    if (sick !== null) this.violations.push(`it is “live” though production ${sick}`);
  }
}

/** Releases that put code there, oldest first. */
function codeReleases(app: App): Release[] {
  return app.releases.filter(({ status, slug }) => status === 'succeeded' && slug !== null);
}

/** Whether the last decision on production’s code was to go back, by whatever name. */
function goneBack({ production: app, world, commits, lifted }: Stage): boolean {
  let back = false;
  let before: string | null = null;
  for (const release of app.releases) {
    const { slug, description, status, id } = release;
    if (slug === null || status === 'pending') continue;
    const commit = world.commitOf(release);
    const isSaid = description.startsWith('Rollback');
    if (status === 'failed') {
      if (isSaid) back = true;
      continue;
    }
    const relation = before === null || commit === null ? 'same' : commits.relation(before, commit);
    if (isSaid || relation === 'behind') back = true;
    else if (relation === 'ahead' || relation === 'diverged') back = false;
    if (lifted.has(id)) back = false;
    before = commit ?? before;
  }
  return back;
}

/** Slugs that builds of this deploy made on staging. */
function builtHere({ staging: app, world }: Stage, commit: string): (string | null)[] {
  return app.builds
    .filter(
      ({ source, slug }) => source.version === commit && world.slugs.get(slug ?? '') !== undefined,
    )
    .map(({ slug }) => slug);
}

/** In words, why the app is not well on what it should run; null when it is. */
function sickness(
  stage: Stage,
  app: App,
  isOurs: (release: Release | undefined) => boolean,
): string | null {
  const { world } = stage;
  if (!isOurs(world.current(app))) {
    return `runs ${world.current(app)?.description ?? 'nothing'}`;
  }
  for (const { type, quantity } of app.formation) {
    const up = app.dynos.filter(
      (dyno) => dyno.type === type && dyno.state === 'up' && isOurs(dyno.release),
    );
    if (up.length < quantity) return `has ${up.length} of ${quantity} ${type} up`;
  }
  return stage.isDown(app) ? 'does not answer' : null;
}
