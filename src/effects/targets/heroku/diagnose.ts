/** What a check-up asks of Heroku: the token, the apps, their pipeline, and what else deploys or connects there. */

import { type Diagnosis, type Finding, fault } from '../../diagnosis.ts';
import { VendorRefused } from '../../http/errors.ts';
import type { Ports } from '../../ports.ts';
import type { ExaminedLane } from '../survey.ts';
import { connections } from './connections.ts';
import { couplings, maintenance, reviewApps } from './diagnose-apps.ts';
import { autoDeploy, dynos, preboot } from './diagnose-running.ts';
import { clock, token } from './diagnose-token.ts';
import { AppFacts, type Examination } from './examination.ts';
import type { HerokuServices } from './services.ts';
import { heroku } from './vendor.ts';

/** In the order in which they are shown; each is asked by itself. */
const checks: readonly ((examination: Examination) => Diagnosis)[] = [
  token,
  clock,
  maintenance,
  couplings,
  dynos,
  preboot,
  connections,
  reviewApps,
  autoDeploy,
];

export function diagnose(
  services: HerokuServices | null,
  lane: ExaminedLane,
  ports: Ports,
): readonly Diagnosis[] {
  if (lane.places.length === 0) return [];
  if (services === null) return [noToken];
  const places = lane.places.map((place) => ({
    ...place,
    app: new AppFacts(place, services, ports),
  }));
  const [ofToken, ...others] = checks.map((check) => check({ services, lane, places, ports }));
  return [ofToken, ...others.map(unlessUnknown)].filter((check) => check !== undefined);
}

/** What Heroku says to nobody, because it does not know the token, one line tells. */
function unlessUnknown(check: Diagnosis): Diagnosis {
  const look = async () => {
    try {
      return await check.look();
    } catch (error) {
      if (error instanceof VendorRefused && error.status === 401) return [];
      throw error;
    }
  };
  return { ...check, look };
}

const noToken: Diagnosis = {
  id: 'heroku.token',
  subject: `${heroku.tokenVariable}`,
  why: 'Builds, releases and promotions are made with it. Without it nothing more can be asked of Heroku.',
  look: async (): Promise<Finding[]> => [
    fault(
      `${heroku.tokenVariable} is not set`,
      'Make one with `heroku authorizations:create -s write-protected` and set it, here and in the CI.',
    ),
  ],
};
