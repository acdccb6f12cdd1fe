/** Which two apps are in one pipeline, so that the one can be promoted to the other: what a promotion is asked for with. */
import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { readApp } from './app.ts';
import { refuseContainer } from './artifacts.ts';
import { HerokuError } from './error-codes.ts';
import { couplingSchema, type HerokuApp } from './schemas.ts';

/** Promotions take ids, not names. */
export interface Coupling {
  readonly pipeline: string;
  readonly source: string;
  readonly target: string;
}

/** What was read of the last two apps. Their ids and their pipeline stay; their names may be given to other apps. */
export class Couplings {
  readonly #api: HerokuApi;
  #last: { readonly source: string; readonly target: string; readonly coupling: Coupling } | null =
    null;

  constructor(api: HerokuApi) {
    this.#api = api;
  }

  /** @throws E_GENERATIONS, E_NO_PIPELINE nothing can be promoted from the one to the other; E_NO_SLUG */
  async read(source: string, target: string, ports: Ports): Promise<Coupling> {
    const coupling = await readCoupling(this.#api, source, target, ports);
    this.#last = { source, target, coupling };
    return coupling;
  }

  /** As `read`; nothing is asked where this process has read it before. @param targetId whose the target's name is now */
  async again(source: string, target: string, targetId: string, ports: Ports): Promise<Coupling> {
    const last = this.#last;
    const isIt =
      last?.source === source && last.target === target && last.coupling.target === targetId;
    return isIt ? last.coupling : this.read(source, target, ports);
  }

  /** Of the app that a promotion was asked for to; null: none was, by this process. */
  idOf(target: string): string | null {
    return this.#last?.target === target ? this.#last.coupling.target : null;
  }
}

/** @throws E_GENERATIONS, E_NO_PIPELINE nothing can be promoted from the one to the other; E_NO_SLUG */
async function readCoupling(
  api: HerokuApi,
  source: string,
  target: string,
  ports: Ports,
): Promise<Coupling> {
  const of = async (name: string) => {
    const path = appPath(name, 'pipeline-couplings');
    const [app, coupling] = await Promise.all([
      readApp(api, name, ports),
      api.find(path, couplingSchema, ports),
    ]);
    refuseContainer(app);
    if (coupling === null || coupling.app.id === app.id) return { app, coupling };
    throw api.malformed(path, `it is of another app, ${coupling.app.id}`);
  };
  const [{ app: one, coupling: from }, { app: other, coupling: to }] = await Promise.all([
    of(source),
    of(target),
  ]);
  if (one.generation !== other.generation) throw twoGenerations(one, other);
  if (from !== null && to !== null && from.pipeline.id === to.pipeline.id) {
    return { pipeline: from.pipeline.id, source: from.app.id, target: to.app.id };
  }
  throw new HerokuError('E_NO_PIPELINE', `${source} and ${target} are not in one Heroku pipeline`, {
    hint: `Add both to one (heroku pipelines:add), or set production’s heroku.deploy to build in pipeline.yml.`,
    details: { source, target },
  });
}

function twoGenerations(source: HerokuApp, target: HerokuApp): HerokuError {
  const named = ({ name, generation }: HerokuApp) => `${name} is of the ${generation} generation`;
  return new HerokuError(
    'E_GENERATIONS',
    `${named(source)} and ${named(target)}: nothing can be promoted between the two`,
    {
      hint: 'Deploy to two apps of one generation, or set production’s heroku.deploy to build in pipeline.yml.',
      details: {
        source: source.name,
        target: target.name,
        generations: [source.generation, target.generation],
      },
    },
  );
}
