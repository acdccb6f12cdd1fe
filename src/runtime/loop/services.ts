/** Binds the chart's services to the effects: the one table from a service's name to what does it. */
import { checkHealth } from '../../effects/checks/health.ts';
import { awaitInstances } from '../../effects/checks/instances.ts';
import type { History } from '../../effects/history/history.ts';
import type { HttpClient } from '../../effects/http/request.ts';
import type { Ports } from '../../effects/ports.ts';
import { isSameArtifact, type Submission } from '../../effects/targets/target.ts';
import type { GatesInput, Refusal, ServiceInput, SubmitInput } from '../../machine/services.ts';
import { type GatesOptions, readGates } from '../gates/gates.ts';
import { otherReleaseTimeoutMs, readStanding } from '../gates/production.ts';
import { keyOf } from '../gates/trust.ts';
import type { ServiceTable } from './run.ts';

export interface ServicesOptions extends GatesOptions {
  readonly http: HttpClient;
  readonly history: History;
  /** The commit as a gzipped tarball. */
  readonly archive: (commit: string, signal: AbortSignal) => Promise<Uint8Array>;
}

/** A step that asks and decides may have to wait for somebody else's release, and so long for a vendor. */
const decisionTimeoutMs = otherReleaseTimeoutMs;
const notesTimeoutMs = 30_000;
/** Instances of the release before may answer for some minutes, which no endpoint's time-out has to cover. */
const overlapMs = 200_000;

function healthTimeoutMs(input: ServiceInput<'checkHealth'>): number {
  const asked = input.endpoints.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
  return input.settleMs + input.timeoutMs + overlapMs + 2 * asked;
}

/** To build takes as long as a build may; to release what was built, as long as a decision. */
const submitTimeoutMs = ({ verified, timeoutMs }: SubmitInput): number =>
  verified === null ? timeoutMs : decisionTimeoutMs;

export function createServices(options: ServicesOptions): ServiceTable {
  const { http, targets, history, archive, killSwitch } = options;
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
  const submission = (
    { target: _, ...input }: SubmitInput,
    clear: Submission['clear'],
  ): Submission => ({
    ...input,
    key: keyOf(input.key, options.trust),
    archive: (signal) => archive(input.commit, signal),
    clear,
  });

  return {
    async observe(input, runPorts) {
      const ports = within(decisionTimeoutMs, runPorts);
      const { order, isTakenBack, running } = await readStanding(input, options, ports);
      if (running !== null && !isTakenBack && isSameArtifact(running.artifact, input.artifact)) {
        const { release, artifact } = running;
        return { kind: 'found', release, artifact, own: true };
      }
      if (order.kind === 'superseded' || order.kind === 'found') return order;
      // Short notes do rather than a deploy that waits for them.
      const soon = within(notesTimeoutMs, runPorts);
      const notes = await history.notes(order.production.commit, input.commit, soon);
      return { kind: 'observed', production: order.production, order: order.kind, notes };
    },

    async submit(input, ports) {
      const submitted = await targets(input.target).submit(
        submission(input, async () => null),
        within(input.timeoutMs, ports),
      );
      if (submitted.kind !== 'submitted') throw new Error('nothing was there to refuse it');
      return submitted;
    },

    async submitToProduction({ gates, ...input }, runPorts) {
      const ports = within(submitTimeoutMs(input), runPorts);
      const answer = await targets(input.target).submit(
        submission(input, () => refusal(gates, ports)),
        ports,
      );
      if (answer.kind !== 'submitted') return answer;
      return { ...answer, killSwitch: killSwitch(gates.killSwitch).killSwitch };
    },

    follow: (input, ports) => targets(input.target).follow(input, within(input.timeoutMs, ports)),
    awaitRelease: (input, ports) =>
      targets(input.target).awaitRelease(input, within(input.timeoutMs, ports)),
    awaitInstances: (input, ports) =>
      awaitInstances(targets(input.target), input, within(input.timeoutMs, ports)),
    checkHealth: (input, ports) =>
      checkHealth(targets(input.target), input, within(healthTimeoutMs(input), ports)),
    readGates: (input, ports) => readGates(input, options, within(decisionTimeoutMs, ports)),
  };
}
