/** How the lane's apps run and are released to: their dynos, preboot, and whether Heroku deploys them by itself. */
import { z } from 'zod';
import { type Diagnosis, type Finding, fault, ok, unknown, warning } from '../../diagnosis.ts';
import { VendorRefused } from '../../http/errors.ts';
import type { Ports } from '../../ports.ts';
import { type Examination, ofEach } from './examination.ts';
import { featureSchema, type HerokuApp } from './schemas.ts';
import type { HerokuServices } from './services.ts';

export const dynos = (examination: Examination): Diagnosis => ({
  id: 'heroku.dynos',
  subject: 'the apps’ dynos',
  why: 'A release counts as up once all of its dynos are: where none are wanted, a deploy fails.',
  look: () =>
    ofEach(examination, async ({ app, role, waivesInstances }) => {
      const formation = await app.formation();
      const wanted = formation.filter(({ quantity }) => quantity > 0);
      const shown = wanted.map(({ type, quantity }) => `${quantity} ${type}`).join(', ');
      if (wanted.length > 0) return ok(`${app.name}: ${shown}`);
      if (waivesInstances) return ok(`${app.name}: none, and no-dynos is waived`);
      return fault(
        `${app.name} is scaled to nothing`,
        `\`heroku ps:scale web=1 -a ${app.name}\`, or say ${role}.verify.waive: [no-dynos].`,
      );
    }),
});

/** Cedar's Common Runtime alone has it: elsewhere releases roll (Heroku's Preboot article). */
const mayPreboot = ({ generation, space }: HerokuApp): boolean =>
  generation === 'cedar' && (space ?? null) === null;

export const preboot = (examination: Examination): Diagnosis => ({
  id: 'heroku.preboot',
  subject: 'preboot',
  why: 'Without it web dynos stop before the new ones have booted; with it old and new code answer side by side for some three minutes.',
  look: () =>
    ofEach(examination, async ({ app, role }, about) => {
      if (role === 'staging') return null;
      if (!mayPreboot(about)) return ok(`${app.name}: releases roll there, without preboot`);
      const formation = await app.formation();
      if (!formation.some(({ type, quantity }) => type === 'web' && quantity > 0)) return null;
      const feature = await app.find(['features', 'preboot'], featureSchema);
      if (feature === null) return unknown(`${app.name}: Heroku does not say whether it is on`);
      if (feature.enabled) {
        return ok(
          `${app.name}: on. Each migration has to suit the code before it and the code after it`,
        );
      }
      return warning(
        `${app.name}: off. While new dynos boot, requests wait or fail`,
        `\`heroku features:enable preboot -a ${app.name}\`, once each migration suits old and new code.`,
      );
    }),
});

/** As Heroku's own command reads it; the service has no published reference. */
const connectionSchema = z.looseObject({
  auto_deploy: z.boolean(),
  branch: z.string().nullish(),
  repo: z.string().nullish(),
});

export const autoDeploy = (examination: Examination): Diagnosis => ({
  id: 'heroku.auto-deploy',
  subject: 'Heroku’s own automatic deploys',
  why: 'Two that deploy to one app overtake each other: what Lockstep checks must be what it released.',
  look: () =>
    ofEach(examination, (_, about) =>
      readConnection(about, examination.services, examination.ports),
    ),
});

/** An answer that says nothing is no “off”: the service is undocumented, and may not know the app. */
async function readConnection(
  { id, name }: HerokuApp,
  { gitHub }: HerokuServices,
  ports: Ports,
): Promise<Finding> {
  try {
    const connection = await gitHub.find(
      `/apps/${encodeURIComponent(id)}/github`,
      connectionSchema,
      ports,
    );
    if (connection === null) return ok(`${name} is not connected to GitHub`);
    const { auto_deploy, branch, repo } = connection;
    if (!auto_deploy) return ok(`${name} is connected to GitHub, and deploys nothing by itself`);
    return fault(
      `Heroku deploys ${branch ?? 'a branch'} of ${repo ?? 'the repository'} to ${name} by itself`,
      `Turn it off: \`heroku open\` is not needed, it is in the dashboard of ${name} under Deploy, “Disable Automatic Deploys”.`,
    );
  } catch (error) {
    if (!(error instanceof VendorRefused)) throw error;
    return unknown(
      `${name}: Heroku did not say (${error.status})`,
      `Look in the dashboard of ${name} under Deploy: automatic deploys have to be off.`,
    );
  }
}
