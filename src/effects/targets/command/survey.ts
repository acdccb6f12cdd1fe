/** What a set-up finds of a team's own programs, and what a check-up asks them: what runs there, as a deploy asks it. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../../../errors/error.ts';
import { type Diagnosis, type Finding, fault, ok, warning } from '../../diagnosis.ts';
import type { Ports } from '../../ports.ts';
import type { Discovered, ExaminedPlace, SurveyInput, TargetSurveyor } from '../survey.ts';
import { open } from './open.ts';

/** Where a set-up looks for the programs, from the repository's root. */
const folder = 'bin';
const operations = ['deploy', 'current', 'health', 'restore'] as const;

export const surveyor: TargetSurveyor = {
  discover: async ({ app, around }) => discover(app, around.root),
  diagnose: (lane, input, ports) =>
    lane.places.length === 0 ? [] : [programs(lane.places, input, ports)],
};

const own = { todo: [], deployWords: ['kubectl', `${folder}/deploy`] };

function discover(app: string, root: string): Discovered {
  const found = operations.filter((name) => isExecutable(join(root, folder, name)));
  if (!found.includes('deploy')) {
    return { ...own, lanes: [], notes: [`no program ${folder}/deploy that may be executed`] };
  }
  const programsOf = Object.fromEntries(
    found.filter((name) => name !== 'restore').map((name) => [name, `${folder}/${name}`]),
  );
  const settings = found.includes('current')
    ? programsOf
    : { ...programsOf, waive: ['order', 'rollback'] };
  const place = { settings, url: null, tellsInstances: found.includes('health') };
  return {
    ...own,
    lanes: [{ name: app, likeliness: 0, staging: place, production: place }],
    notes: [
      `programs: ${found.map((name) => `${folder}/${name}`).join(', ')}; docs/targets.md says what each is told and has to answer`,
    ],
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function programs(
  places: readonly ExaminedPlace[],
  { around }: SurveyInput,
  ports: Ports,
): Diagnosis {
  const { targets } = open({}, around);
  const look = async ({ role, target }: ExaminedPlace): Promise<Finding> => {
    try {
      const place = targets(target);
      if (!place.isReadable) {
        return warning(
          `${target.name}: nothing tells what runs there; order and going back are waived`,
          `Name a program under ${role}.command.current that tells it (docs/targets.md).`,
        );
      }
      const { running } = await place.observe(ports);
      const runs = running === null ? 'nothing yet' : `release ${running.release.version}`;
      return ok(`${target.name} runs ${runs}`);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      return fault(`${target.name}: ${error.message}`, error.hint ?? 'See docs/targets.md.');
    }
  };
  return {
    id: 'command.programs',
    subject: 'the programs of the lane’s places',
    why: 'A deploy asks them what runs there, and has them release.',
    look: () => Promise.all(places.map(look)),
  };
}
