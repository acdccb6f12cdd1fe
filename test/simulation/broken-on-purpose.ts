/** Mechanisms that are taken away from within: mutations that need the parts of a process (mutations.ts). */
import type { HttpClient, Transport } from '../../src/effects/http/request.ts';
import type { Targets } from '../../src/effects/targets/target.ts';
import { protectedOf } from '../../src/machine/protected-settings.ts';
import type { NewDeploy } from '../../src/runtime/loop/request.ts';
import type { ServiceTable } from '../../src/runtime/loop/run.ts';
import { production, staging } from './apps.ts';
import { archive, type LaneWorld } from './lane-world.ts';

/** Lists of builds and releases come back empty where something was looked for; single ones do not. */
export function blind(real: Transport): Transport {
  return async (request) => {
    const response = await real(request);
    const isBuilds =
      request.method === 'GET' &&
      /\/apps\/acme-staging\/builds$/.test(new URL(request.url).pathname);
    return isBuilds && response.status < 300 ? { ...response, status: 200, body: '[]' } : response;
  };
}

/** The gates as they were when the lock was granted are what production's write goes by. */
export function staleGates(
  real: ServiceTable,
  targets: Targets,
  http: HttpClient,
  lane: LaneWorld,
  wanted: NewDeploy,
): ServiceTable {
  let early: Awaited<ReturnType<ServiceTable['readGates']>> | null = null;
  const killSwitch = { name: 'PRODUCTION_CD_ENABLED', state: 'true' as const, why: null };
  return {
    ...real,
    observe: async (input, ports) => {
      const { target, commit } = input;
      const gates = {
        lane: lane.name,
        target,
        commit,
        overridden: false,
        passesOver: 'none' as const,
      };
      const sources = [lane.targetOf(staging), lane.targetOf(production)];
      const settings = protectedOf(wanted);
      const more = { killSwitch: killSwitch.name, settings, sources, canary: null };
      early = await real.readGates({ ...gates, ...more }, ports);
      return real.observe(input, ports);
    },
    readGates: async (input, ports) => early ?? real.readGates(input, ports),
    submit: async ({ gates, ...input }, ports) => {
      if (gates === null) return real.submit({ gates, ...input }, ports);
      const submission = { ...input, archive: async () => archive, clear: async () => null };
      const answer = await targets(input.target).submit(submission, { ...ports, http });
      return answer.kind === 'submitted' ? { ...answer, killSwitch } : answer;
    },
  };
}
