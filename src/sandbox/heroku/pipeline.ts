/** The pipeline: where each app stands in it, and promotions, which copy what one app runs to others. */
import type { Agenda } from './agenda.ts';
import {
  type App,
  type Generation,
  type NewRelease,
  type Promotion,
  type PromotionTarget,
  type Release,
  type Slug,
  type Stage,
  type Timing,
  user,
} from './state.ts';

/** Where its apps are released to. */
export interface Releases {
  readonly newId: () => string;
  readonly timing: Timing;
  release(app: App, made: NewRelease): Release;
  commitOf(release: Release): string | null;
  copyOf(slug: string): Slug;
}

export class Pipeline {
  readonly id: string;
  readonly name = 'acme';
  readonly generation: Generation;
  /** Couplings' ids, by the app's. */
  readonly couplings = new Map<string, string>();
  readonly createdAt: number;
  /** Whether every pull request gets a review app; null: they are off. */
  reviewApps: { readonly automatic: boolean } | null = null;
  readonly promotions: Promotion[] = [];
  nextPromotion: 'succeeds' | 'fails' | 'fails-in-part' = 'succeeds';
  /** Whether a promotion gives its targets a copy under an id of its own: of Fir, Heroku's documents do not say. */
  promotesCopies = false;
  readonly #world: Releases;
  readonly #agenda: Agenda;

  constructor(options: { world: Releases; agenda: Agenda; generation: Generation }) {
    const { world, agenda, generation } = options;
    this.#world = world;
    this.#agenda = agenda;
    this.generation = generation;
    this.id = world.newId();
    this.createdAt = agenda.now;
  }

  /** Apps of another generation cannot be added (Heroku Dev Center, Pipelines). @param stage null: the app is taken out */
  setStage(app: App, stage: Stage | null): void {
    if (app.generation !== this.generation) return;
    if (stage === null) this.couplings.delete(app.id);
    else this.couplings.set(app.id, this.couplings.get(app.id) ?? this.#world.newId());
    app.stage = stage ?? app.stage;
  }

  promote(source: Promotion['source'], targets: readonly App[], by = user): Promotion {
    const { newId, timing } = this.#world;
    const fate = this.nextPromotion;
    this.nextPromotion = 'succeeds';
    const promotion: Promotion = {
      id: newId(),
      source,
      targets: targets.map((app) => ({
        id: newId(),
        app,
        status: 'pending',
        error: null,
        release: null,
      })),
      createdAt: this.#agenda.now,
      updatedAt: null,
    };
    this.promotions.push(promotion);
    for (const target of promotion.targets) {
      this.#agenda.note(this.#agenda.now + timing.promotionMs, () => {
        promotion.updatedAt = this.#agenda.now;
        if (fate === 'fails') endTarget(target, 'The slug could not be copied.');
        else this.#land(promotion, target, fate === 'fails-in-part', by);
      });
    }
    return promotion;
  }

  /** A promotion's target stays pending as long as the release that it made. */
  #land(promotion: Promotion, target: PromotionTarget, fails: boolean, by: string): void {
    const world = this.#world;
    const { app, release } = promotion.source;
    const commit = world.commitOf(release)?.slice(0, 7) ?? 'unknown';
    const { slug } = release;
    target.release = world.release(target.app, {
      slug: this.promotesCopies && slug !== null ? world.copyOf(slug).id : slug,
      description: `Promote ${app.name} v${release.version} ${commit}`,
      by,
      onOver: ({ status }) => {
        promotion.updatedAt = this.#agenda.now;
        if (status === 'failed') endTarget(target, 'Release phase failed.');
        else endTarget(target, fails ? 'Dynos could not be restarted.' : null);
      },
    });
  }
}

function endTarget(target: PromotionTarget, error: string | null): void {
  target.status = error === null ? 'succeeded' : 'failed';
  target.error = error;
}
