/** Binds the chart's services to the effects: the one table from a service's name to what does it. */
import { bake } from '../../effects/checks/bake.ts';
import { checkHealth } from '../../effects/checks/health.ts';
import { awaitInstances, type SeenUp } from '../../effects/checks/instances.ts';
import type { History } from '../../effects/history/history.ts';
import type { HttpClient } from '../../effects/http/request.ts';
import type { Ports, StepPorts } from '../../effects/ports.ts';
import { isSameArtifact, type Submission } from '../../effects/targets/target.ts';
import type { Endpoint, TargetSettings } from '../../machine/events.ts';
import { targetName } from '../../machine/lane.ts';
import type {
  GatesInput,
  InstancesInput,
  Refusal,
  ServiceInput,
  SubmitInput,
} from '../../machine/services.ts';
import { type GatesOptions, readGates } from '../gates/gates.ts';
import { otherReleaseTimeoutMs, readStanding } from '../gates/production.ts';
import { takeBack } from '../gates/taking-back.ts';
import { keyOf } from '../gates/trust.ts';
import type { RunPorts, ServiceTable } from './run.ts';

export interface ServicesOptions extends GatesOptions {
  readonly http: HttpClient;
  readonly history: History;
  /** The commit as a gzipped tarball. */
  readonly archive: (commit: string, signal: AbortSignal) => Promise<Uint8Array>;
  /** How long the target's instances usually take to be up, in milliseconds; null: nobody knows. */
  readonly usualStartMs: (target: TargetSettings) => Promise<number | null>;
}

/** A step that asks and decides may have to wait for somebody else's release, and so long for a vendor. */
const decisionTimeoutMs = otherReleaseTimeoutMs;
const notesTimeoutMs = 30_000;
/** Instances of the release before may answer for some minutes, which no endpoint's time-out has to cover. */
const overlapMs = 200_000;

const asking = (endpoints: readonly Endpoint[]): number =>
  endpoints.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
const healthTimeoutMs = (input: ServiceInput<'checkHealth'>): number =>
  input.settleMs + input.timeoutMs + overlapMs + 2 * asking(input.endpoints);
/** The last round may begin right before the end. */
const bakeTimeoutMs = (input: ServiceInput<'bake'>): number =>
  input.bakeMs + input.timeoutMs + asking(input.endpoints);

const decides = (): number => decisionTimeoutMs;
const asLongAsItSays = ({ timeoutMs }: { readonly timeoutMs: number }): number => timeoutMs;

/** To build takes as long as a build may; to release what was built, as long as a decision. */
const submitTimeoutMs = ({ verified, timeoutMs }: SubmitInput): number =>
  verified === null ? timeoutMs : decisionTimeoutMs;

export function createServices(options: ServicesOptions): ServiceTable {
  const { http, targets, history, archive, killSwitch } = options;
  /** A service that may take so long: to what the loop hands in it adds the HTTP client, and how long reads wait. */
  const service =
    <I, O>(
      timeoutMs: (input: NoInfer<I>) => number,
      perform: (input: I, ports: StepPorts) => Promise<O>,
    ) =>
    (input: I, ports: RunPorts): Promise<O> =>
      perform(input, { ...ports, http, deadlineMs: ports.clock.ran() + timeoutMs(input) });

  /** Reads the gates right before a write: what refuses it, or null. */
  const refusal = async (input: GatesInput, ports: Ports): Promise<Refusal | null> => {
    const gates = await readGates(input, options, ports);
    return gates.kind === 'clear' ? null : gates;
  };
  const submission = (
    { target: _, ...input }: Omit<SubmitInput, 'gates'>,
    clear: Submission['clear'],
  ): Submission => ({
    ...input,
    key: keyOf(input.key, options.trust),
    archive: (signal) => archive(input.commit, signal),
    clear,
  });

  /** By target and release: a check goes on from the look that ended the wait. */
  const seenUp = new Map<string, SeenUp>();
  const placeOf = ({ target, release: { id } }: Pick<InstancesInput, 'target' | 'release'>) =>
    `${targetName(target)} ${id}`;

  return {
    observe: service(decides, async (input, ports) => {
      // It would be built and verified, and could not be given to production: told before anything is deployed, and asked meanwhile.
      const reach =
        input.givenBy === null ? null : targets(input.target).mustBeGivenBy(input.givenBy, ports);
      reach?.catch(() => {});
      const { order, isTakenBack, running, others } = await readStanding(input, options, ports);
      if (running !== null && !isTakenBack && isSameArtifact(running.artifact, input.artifact)) {
        const { release, artifact } = running;
        return { kind: 'found', release, artifact, own: true };
      }
      if (order.kind === 'superseded' || order.kind === 'found') return order;
      await reach;
      // Short notes do rather than a deploy that waits for them.
      const soon = { ...ports, deadlineMs: ports.clock.ran() + notesTimeoutMs };
      const notes = await history.notes(order.production.commit, input.commit, soon);
      const told = { production: order.production, order: order.kind, notes };
      return { kind: 'observed', ...told, ...(others.length === 0 ? {} : { others: [...others] }) };
    }),

    submit: service(submitTimeoutMs, async ({ gates, ...input }, ports) => {
      const clear = async () => (gates === null ? null : refusal(gates, ports));
      const answer = await targets(input.target).submit(submission(input, clear), ports);
      if (answer.kind !== 'submitted' || gates === null) return answer;
      const told = { ...answer, killSwitch: killSwitch(gates.killSwitch).killSwitch };
      return input.environment === 'canary' ? { ...told, share: input.share } : told;
    }),

    follow: service(asLongAsItSays, (input, ports) => targets(input.target).follow(input, ports)),
    awaitRelease: service(asLongAsItSays, (input, ports) =>
      targets(input.target).awaitRelease(input, ports),
    ),
    awaitInstances: service(asLongAsItSays, (input, ports) =>
      awaitInstances(
        targets(input.target),
        input,
        ports,
        options.usualStartMs(input.target),
        (seen) => seenUp.set(placeOf(input), seen),
      ),
    ),
    checkHealth: service(healthTimeoutMs, (input, ports) =>
      checkHealth(targets(input.target), input, ports, seenUp.get(placeOf(input))),
    ),
    bake: service(bakeTimeoutMs, (input, ports) => bake(targets(input.target), input, ports)),
    restore: service(decides, (input, ports) =>
      takeBack(input, options, (key) => keyOf(key, options.trust), ports),
    ),
    readGates: service(decides, (input, ports) => readGates(input, options, ports)),
  };
}
