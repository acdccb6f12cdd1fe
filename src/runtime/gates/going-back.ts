/** Whether somebody took production back to older code, by whatever name: that holds until a person lifts it. */

import type { History } from '../../effects/history/history.ts';
import type { Ports } from '../../effects/ports.ts';
import type { CodeRelease, Decision, Heroku } from '../../effects/targets/heroku/heroku.ts';
import type { EventData } from '../../machine/events.ts';
import type { Lane, Relation } from '../../machine/lane.ts';
import type { SettledCode } from './production.ts';

export type GoingBack = EventData<'production.held'>['rollback'];

export interface GoingBackOptions {
  readonly heroku: Heroku;
  readonly history: History;
}

/**
 * The going-back that holds the app, newest first: a release that failed though it was to go back, or
 * the code that runs. What a deploy of this lane released is none, whatever it is called; nor is what a
 * person lifted, nor a try that failed before that one.
 */
export async function goingBack(
  app: string,
  { code, before, failed }: SettledCode,
  lane: Lane,
  options: GoingBackOptions,
  ports: Ports,
): Promise<GoingBack | null> {
  if (code === null) return null;
  const judge = new Judge(app, options, ports);
  for (const attempt of failed) {
    // Whoever lifted it was told of it, and not of the code that runs: that is judged by itself.
    if (lane.lifted.has(attempt.release.id)) break;
    if (lane.deployed.includes(attempt.release.id)) continue;
    const kind = await judge.attempt(attempt, code);
    if (kind !== null) return toldOf(attempt, kind, code.commit, code);
  }
  const { id } = code.release;
  if (lane.lifted.has(id) || lane.deployed.includes(id)) return null;
  const kind = await judge.code(code, before);
  return kind === null ? null : toldOf(code, kind, code.commit, before);
}

function toldOf(
  { release, description, by, at }: Decision,
  kind: GoingBack['kind'],
  commit: string | null,
  before: Decision | null,
): GoingBack {
  return { release, description, by, at, commit, kind, before: before?.release.version ?? null };
}

class Judge {
  readonly #app: string;
  readonly #options: GoingBackOptions;
  readonly #ports: Ports;

  constructor(app: string, options: GoingBackOptions, ports: Ports) {
    this.#app = app;
    this.#options = options;
    this.#ports = ports;
  }

  /** A release that failed says only what was wanted: it holds where that is known to be older code. */
  async attempt(attempt: Decision, code: CodeRelease): Promise<GoingBack['kind'] | null> {
    if (attempt.kind === 'rollback') return 'failed-rollback';
    if (attempt.slug === null || attempt.slug === code.slug) return null;
    const commit = await this.#commitOf(attempt.slug);
    const relation = await this.#relation(code.commit, commit);
    if (relation === 'behind') return 'failed-behind';
    if (relation === 'ahead') return null;
    return (await this.#ranBefore(attempt.slug, code)) ? 'failed-behind' : null;
  }

  async code(code: CodeRelease, before: Decision | null): Promise<GoingBack['kind'] | null> {
    if (code.kind === 'rollback') return 'rollback';
    if (before === null) return null;
    const older = before.slug === null ? null : await this.#commitOf(before.slug);
    const relation = await this.#relation(older, code.commit);
    if (relation === 'ahead') return null;
    if (relation === 'behind') return 'behind';
    if (await this.#ranBefore(code.slug, before)) return 'older-slug';
    return relation === 'unknown' ? 'unknown' : null;
  }

  async #relation(base: string | null, head: string | null): Promise<Relation> {
    if (base === null || head === null) return 'unknown';
    return this.#options.history.relation(base, head, this.#ports);
  }

  async #commitOf(slug: string): Promise<string | null> {
    const { heroku, history } = this.#options;
    const named = await heroku.namedCommit(this.#app, slug, this.#ports);
    return named === null ? null : history.fullId(named, this.#ports);
  }

  #ranBefore(slug: string, { release: { version } }: Decision): Promise<boolean> {
    return this.#options.heroku.ranBefore(this.#app, { slug, version }, this.#ports);
  }
}
