/** What a check-up knows of each app: asked once, whichever check needs it. */
import { z } from 'zod';
import { type Finding, fault, unknown } from '../../diagnosis.ts';
import { VendorRefused } from '../../http/errors.ts';
import type { Ports } from '../../ports.ts';
import type { ExaminedLane, ExaminedPlace } from '../survey.ts';
import { appPath } from './api.ts';
import { readApp } from './app.ts';
import { couplingSchema, formationSchema, type HerokuApp } from './schemas.ts';
import type { HerokuServices } from './services.ts';

export interface Examination {
  readonly services: HerokuServices;
  readonly lane: ExaminedLane;
  readonly places: readonly Examined[];
  readonly ports: Ports;
}

export type Examined = ExaminedPlace & { readonly app: AppFacts };

export type Coupling = z.infer<typeof couplingSchema>;

const formationType = formationSchema.extend({ command: z.string().nullish() });
export type FormationLine = z.infer<typeof formationType>;

export class AppFacts {
  readonly name: string;
  readonly #known = new Map<string, Promise<unknown>>();
  readonly #services: HerokuServices;
  readonly #ports: Ports;

  constructor({ target }: ExaminedPlace, services: HerokuServices, ports: Ports) {
    this.name = target.name;
    this.#services = services;
    this.#ports = ports;
  }

  /** Null: there is no such app, or the token may not see it. */
  about(): Promise<HerokuApp | null> {
    return this.#once('about', async () => {
      try {
        return await readApp(this.#services.platform, this.name, this.#ports);
      } catch (error) {
        if (error instanceof VendorRefused && [403, 404].includes(error.status)) return null;
        throw error;
      }
    });
  }

  /** Null: it is in no pipeline. */
  coupling(): Promise<Coupling | null> {
    return this.#once('coupling', () =>
      this.#services.platform.find(
        appPath(this.name, 'pipeline-couplings'),
        couplingSchema,
        this.#ports,
      ),
    );
  }

  formation(): Promise<FormationLine[]> {
    return this.#once('formation', () =>
      this.#services.platform.list(appPath(this.name, 'formation'), formationType, this.#ports),
    );
  }

  /** Of the Platform API, for what one check alone asks. */
  find<T>(part: readonly string[], schema: z.ZodType<T>): Promise<T | null> {
    return this.#services.platform.find(appPath(this.name, ...part), schema, this.#ports);
  }

  #once<T>(name: string, ask: () => Promise<T>): Promise<T> {
    const known = (this.#known.get(name) as Promise<T> | undefined) ?? ask();
    this.#known.set(name, known);
    return known;
  }
}

/** Of each app that there is, side by side; an app that is not there is the business of `heroku.apps`. */
export async function ofEach(
  { places }: Examination,
  look: (place: Examined, about: HerokuApp) => Promise<Finding | null>,
): Promise<Finding[]> {
  const all = places.map(async (place) => {
    const about = await place.app.about();
    return about === null ? null : look(place, about);
  });
  return (await Promise.all(all)).filter((one) => one !== null);
}

/** What the token may not ask. Anything else that goes wrong is told as it is. */
export async function unlessForbidden(
  app: string,
  what: string,
  ask: () => Promise<Finding | null>,
): Promise<Finding | null> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof VendorRefused) || error.status !== 403) throw error;
    return unknown(`${app}: the token may not read ${what}`, readMore);
  }
}

const readMore =
  'A token that may: `heroku authorizations:create -s write-protected`. Or look yourself.';

export const noApp = (app: string): Finding =>
  fault(
    `there is no app ${app}, or the token’s account may not see it`,
    `See \`heroku apps\`: mend the name in pipeline.yml, or have the account added to the app (heroku access:add).`,
  );
