/** The lane's apps: whether they are there and open, in which pipeline, and what review apps that has. */
import { z } from 'zod';
import { type Diagnosis, type Finding, fault, ok, warning } from '../../diagnosis.ts';
import { type Coupling, type Examination, type Examined, noApp, ofEach } from './examination.ts';
import type { HerokuApp } from './schemas.ts';
import { heroku } from './vendor.ts';

export const maintenance = ({ places }: Examination): Diagnosis => ({
  id: 'heroku.apps',
  subject: 'the apps',
  why: 'What is deployed to has to be there, to be built by Heroku, and to answer its checks.',
  look: () => Promise.all(places.map(async ({ app }) => about(app.name, await app.about()))),
});

function about(name: string, app: HerokuApp | null): Finding {
  if (app === null) return noApp(name);
  if ((app.build_stack ?? app.stack)?.name === 'container') {
    return fault(
      `${name} is on the container stack, which says nothing of its commit`,
      `Lockstep deploys apps that Heroku builds from source: \`heroku stack:set heroku-24 -a ${name}\`.`,
    );
  }
  if (app.maintenance === true) {
    return fault(
      `${name} is in maintenance: it answers 503, and no check of it can pass`,
      `\`heroku maintenance:off -a ${name}\``,
    );
  }
  return ok(`${name} is there (${app.generation})`);
}

const stages = { staging: 'staging', canary: 'production', production: 'production' } as const;

export const couplings = (examination: Examination): Diagnosis => ({
  id: 'heroku.pipeline',
  subject: 'the apps’ pipeline',
  why: 'Exactly what was checked is promoted: that takes two apps of one pipeline and one generation.',
  look: async () => {
    const found = await ofEach(examination, async (place, here) => {
      const coupling = await place.app.coupling();
      const apart = await apartFrom(place, { about: here, coupling }, examination);
      if (apart !== null) return apart;
      if (coupling === null) return ok(`${here.name} is in no pipeline, and is given a commit`);
      const { [place.role]: wanted } = stages;
      if (coupling.stage === wanted || coupling.stage === 'review') return null;
      return warning(
        `${here.name} is ${place.role} here, and in the stage ${coupling.stage ?? 'unknown'} of its pipeline`,
        `\`heroku pipelines:update -a ${here.name} --stage ${wanted}\`, or name the right app in pipeline.yml.`,
      );
    });
    if (found.length > 0) return found;
    const areAll = await Promise.all(examination.places.map(isInItsStage));
    return areAll.every(Boolean) ? [ok('they are in one pipeline, each in its stage')] : [];
  },
});

/** One that is not there, and one that is a review app, are the business of other checks. */
const isInItsStage = async ({ app }: Examined): Promise<boolean> =>
  (await app.about()) !== null && (await app.coupling())?.stage !== 'review';

/** Why nothing can be promoted from where it was verified; null: it can, or is not to be. */
async function apartFrom(
  { givenBy }: Examined,
  { about: here, coupling }: { about: HerokuApp; coupling: Coupling | null },
  { places }: Examination,
): Promise<Finding | null> {
  if (givenBy === null) return null;
  if (givenBy.kind !== heroku.id) {
    return fault(
      `${here.name} is to be given what ${givenBy.name} verified, which is no app of Heroku`,
      'Set heroku.deploy to build in pipeline.yml.',
    );
  }
  const source = places.find(({ target }) => target.name === givenBy.name);
  const about = (await source?.app.about()) ?? null;
  const from = (await source?.app.coupling()) ?? null;
  if (about !== null && about.generation !== here.generation) {
    return fault(
      `${about.name} is of the ${about.generation} generation, ${here.name} of ${here.generation}: nothing can be promoted between them`,
      'Deploy to two apps of one generation, or set production’s heroku.deploy to build.',
    );
  }
  if (about === null || (from !== null && from.pipeline.id === coupling?.pipeline.id)) return null;
  return fault(
    `${givenBy.name} and ${here.name} are not in one pipeline: nothing can be promoted`,
    `\`heroku pipelines:add\` for the one that is missing, or set production’s heroku.deploy to build.`,
  );
}

const reviewAppsSchema = z.looseObject({ automatic_review_apps: z.boolean().nullish() });

export const reviewApps = (examination: Examination): Diagnosis => ({
  id: 'heroku.review-apps',
  subject: 'review apps',
  why: 'Heroku makes and destroys them by itself: none of them may be what a lane deploys to.',
  look: async () => {
    const lanes = await ofEach(examination, async ({ role, app }) => {
      const coupling = await app.coupling();
      if (coupling?.stage !== 'review') return null;
      return fault(
        `${app.name}, the lane’s ${role}, is a review app: Heroku deploys it by itself and may destroy it`,
        'Name an app of its own in pipeline.yml.',
      );
    });
    const places = await ofEach(examination, async ({ app }) => pipelineOf(await app.coupling()));
    const pipelines = [...new Set(places.map(({ found }) => found))];
    const asked = await Promise.all(pipelines.map((id) => configOf(examination, id)));
    const on = asked.filter((config) => config !== null);
    if (on.length === 0) return [...lanes, ok('the pipeline makes none')];
    const isAutomatic = on.some((config) => config.automatic_review_apps === true);
    return [
      ...lanes,
      ok(
        isAutomatic
          ? 'each pull request gets one; they are no part of the lane'
          : 'made when somebody asks for one; they are no part of the lane',
      ),
    ];
  },
});

const pipelineOf = (coupling: Coupling | null): Finding | null =>
  coupling === null ? null : ok(coupling.pipeline.id);

const configOf = ({ services, ports }: Examination, pipeline: string) =>
  services.platform.find(
    `/pipelines/${encodeURIComponent(pipeline)}/review-app-config`,
    reviewAppsSchema,
    ports,
    'review-apps',
  );
