/** Which apps of an account could be a lane: those of one pipeline, one in staging and one in production. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from '../../ports.ts';
import type { Discovered, DiscoveredLane, DiscoveredPlace, SurveyInput } from '../survey.ts';
import type { HerokuApi } from './api.ts';
import { appSchema, couplingSchema, type HerokuApp } from './schemas.ts';
import { heroku } from './vendor.ts';

interface Coupled {
  readonly app: HerokuApp;
  readonly pipeline: { readonly id: string; readonly name: string };
  readonly stage: string;
}

/** @throws VendorUnreachable, VendorRefused, VendorMalformed */
export async function discover(
  api: HerokuApi | null,
  { app: repository, around: { root } }: SurveyInput,
  ports: Ports,
): Promise<Discovered> {
  const own = { todo: lacking(root), deployWords: ['heroku', 'promote'] };
  if (api === null) {
    return {
      ...own,
      lanes: [],
      notes: [`${heroku.tokenVariable} is not set: your apps cannot be looked up`],
    };
  }
  const [apps, couplings] = await Promise.all([
    api.list('/apps', appSchema, ports),
    api.list('/pipeline-couplings', couplingSchema, ports),
  ]);
  const coupled = couplings.flatMap(({ app: { id }, pipeline, stage = '' }): Coupled[] => {
    const app = apps.find((one) => one.id === id);
    const named = { id: pipeline.id, name: pipeline.name ?? pipeline.id };
    return app === undefined ? [] : [{ app, pipeline: named, stage }];
  });
  const lanes = lanesOf(coupled, repository);
  const alone = apps.filter(({ id }) => !coupled.some(({ app }) => app.id === id));
  const seen = `Heroku: ${apps.length} apps; of pipelines with staging and production: ${
    lanes.length === 0 ? 'none' : [...new Set(lanes.map(({ name }) => name))].join(', ')
  }`;
  const unpaired =
    lanes.length > 0 || alone.length === 0
      ? []
      : [
          `in no pipeline: ${alone.map(({ name }) => name).join(', ')}. To promote what was checked, both apps have to be in one: heroku pipelines:create`,
        ];
  return { ...own, lanes, notes: [seen, ...unpaired] };
}

/** A release phase runs before each release takes over (Heroku's Release Phase article). */
function lacking(root: string): string[] {
  const procfile = join(root, 'Procfile');
  const lines = existsSync(procfile) ? readFileSync(procfile, 'utf8') : '';
  if (/^release\s*:/m.test(lines) || !existsSync(join(root, 'db/migrate'))) return [];
  return [
    'db/migrate has migrations that nothing runs: a line `release: bundle exec rails db:migrate` in the Procfile does, before each release.',
  ];
}

function lanesOf(coupled: readonly Coupled[], repository: string): DiscoveredLane[] {
  const of = (stage: string) => coupled.filter((one) => one.stage === stage);
  const lanes = of('production').flatMap((production) =>
    of('staging')
      .filter(({ pipeline }) => pipeline.id === production.pipeline.id)
      .map(
        (staging): DiscoveredLane => ({
          name: production.pipeline.name,
          likeliness: likeliness(staging, production, repository),
          staging: placeOf(staging.app),
          production: placeOf(production.app),
        }),
      ),
  );
  return lanes.sort((a, b) => b.likeliness - a.likeliness);
}

/** A part of production, or something beside it. */
const aside = /(^|-)(canary|beta|edge|demo|sandbox|preview|worker|admin)(-|$)/;

/** By names: those of the repository's, and none that says that the app is something beside the lane. */
function likeliness(staging: Coupled, production: Coupled, repository: string): number {
  const words = [production.pipeline.name, production.app.name].map((name) => name.toLowerCase());
  const isOfRepository = words.some(
    (name) => name === repository || name.split('-').includes(repository),
  );
  const asides = [staging, production].filter(({ app }) => aside.test(app.name)).length;
  return (isOfRepository ? 10 : 0) - asides;
}

const placeOf = ({ name, web_url }: HerokuApp): DiscoveredPlace => ({
  settings: { app: name },
  url: web_url ?? null,
  tellsInstances: true,
});
