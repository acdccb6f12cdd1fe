/** Binds the chart's services to the effects: the one table from a service's name to what does it. */

import { checkHealth } from '../../effects/checks/health.ts';
import type { History } from '../../effects/history/history.ts';
import type { HttpClient } from '../../effects/http/client.ts';
import type { Ports } from '../../effects/ports.ts';
import { checkDynos } from '../../effects/targets/heroku/dynos.ts';
import type { Heroku } from '../../effects/targets/heroku/heroku.ts';
import type {
  GatesInput,
  Refusal,
  RequestBuildInput,
  ServiceInput,
} from '../../machine/services.ts';
import { type GatesOptions, readGates } from '../gates/gates.ts';
import { otherReleaseTimeoutMs, readStanding } from '../gates/production.ts';
import { markOf } from '../gates/trust.ts';
import type { ServiceTable } from './run.ts';

export interface ServicesOptions extends GatesOptions {
  readonly http: HttpClient;
  readonly heroku: Heroku;
  readonly history: History;
  /** The commit as a gzipped tarball. */
  readonly archive: (commit: string, signal: AbortSignal) => Promise<Uint8Array>;
}

/** A step that asks and decides may have to wait for somebody else's release, and so long for a vendor. */
const decisionTimeoutMs = otherReleaseTimeoutMs;
const notesTimeoutMs = 30_000;
/** Preboot's old dynos answer for about three minutes, which no endpoint's time-out has to cover. */
const prebootMs = 200_000;

function healthTimeoutMs(input: ServiceInput<'checkHealth'>): number {
  const asked = input.endpoints.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
  return input.settleMs + input.timeoutMs + prebootMs + 2 * asked;
}

export function createServices(options: ServicesOptions): ServiceTable {
  const { http, heroku, history, archive, killSwitch } = options;
  /** Reads wait for their vendor as long as the step may take. */
  const within = (timeoutMs: number, ports: Omit<Ports, 'http'>): Ports => ({
    ...ports,
    http,
    deadlineMs: ports.clock.now() + timeoutMs,
  });

  /** Reads the gates right before a write: what refuses it, or null. */
  const refusal = async (input: GatesInput, ports: Ports): Promise<Refusal | null> => {
    const gates = await readGates(input, options, ports);
    return gates.kind === 'clear' ? null : gates;
  };
  const marked = (input: RequestBuildInput): RequestBuildInput => ({
    ...input,
    mark: markOf(input.mark, options.trust),
  });
  const switchNow = (input: GatesInput) => killSwitch(input.killSwitch).killSwitch;

  return {
    async observe(input, runPorts) {
      const ports = within(decisionTimeoutMs, runPorts);
      const { order, isTakenBack, code } = await readStanding(input, options, ports);
      if (code !== null && !isTakenBack && input.slug !== null && code.slug === input.slug) {
        return { kind: 'found', release: code.release, slug: code.slug, own: true };
      }
      if (order.kind === 'superseded' || order.kind === 'found') return order;
      // Short notes do rather than a deploy that waits for them.
      const soon = within(notesTimeoutMs, runPorts);
      const notes = await history.notes(order.production.commit, input.commit, soon);
      return { kind: 'observed', production: order.production, order: order.kind, notes };
    },

    async requestBuild(input, ports) {
      return heroku.requestBuild(marked(input), within(input.timeoutMs, ports), (signal) =>
        archive(input.commit, signal),
      );
    },

    async requestProductionBuild({ gates, ...input }, runPorts) {
      const ports = within(input.timeoutMs, runPorts);
      const answer = await heroku.requestBuild(
        marked(input),
        ports,
        (signal) => archive(input.commit, signal),
        () => refusal(gates, ports),
      );
      return answer.kind === 'requested' ? { ...answer, killSwitch: switchNow(gates) } : answer;
    },

    followBuild: (input, ports) => heroku.followBuild(input, within(input.timeoutMs, ports)),
    awaitRelease: (input, ports) => heroku.awaitRelease(input, within(input.timeoutMs, ports)),
    checkDynos: (input, ports) => checkDynos(heroku, input, within(input.timeoutMs, ports)),
    checkHealth: (input, ports) =>
      checkHealth(heroku, input, within(healthTimeoutMs(input), ports)),
    readGates: (input, ports) => readGates(input, options, within(decisionTimeoutMs, ports)),

    async requestPromotion({ gates, ...input }, runPorts) {
      const ports = within(decisionTimeoutMs, runPorts);
      const answer = await heroku.requestPromotion(input, ports, () => refusal(gates, ports));
      return answer.kind === 'requested' ? { ...answer, killSwitch: switchNow(gates) } : answer;
    },

    followPromotion: (input, ports) =>
      heroku.followPromotion(input, within(input.timeoutMs, ports)),
  };
}
