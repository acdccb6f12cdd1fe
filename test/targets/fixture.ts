/** A world for each test, and a deploy's way through it by the operations of the port. */
import { afterEach, beforeEach } from 'vitest';
import type { Ports } from '../../src/effects/ports.ts';
import type { Running, Submission, Target } from '../../src/effects/targets/target.ts';
import type { Artifact, Release, Work } from '../../src/machine/events.ts';
import type { Refusal } from '../../src/machine/services.ts';
import { archive } from '../effects/tarball.ts';
import type { Place, TargetHarness, TargetWorld } from './world.ts';

export const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
];
export const key = '502-11111111';
export const timeoutMs = 30_000;

/** What is submitted: the commit itself, or the artifact of it that staging runs. */
export type Mode = 'commit' | 'artifact';
export const modes: readonly Mode[] = ['commit', 'artifact'];

export interface Deployed {
  readonly work: Work;
  readonly release: Release;
  readonly artifact: Artifact;
}

export const refusal: Refusal = {
  kind: 'superseded',
  cause: 'contained',
  production: { version: 'v1', commit: one },
  verified: true,
};

export interface Stage {
  readonly world: TargetWorld;
  readonly ports: Ports;
  /** Production, opened anew by each call. */
  readonly target: Target;
  running(place?: Place): Promise<Running>;
  /** What production is given of commit `one`; staging was deployed to before where it is the artifact. */
  submission(mode: Mode, over?: Partial<Submission>): Promise<Submission>;
  /** @throws Error it was refused */
  submit(submission: Submission, place?: Place): Promise<{ work: Work; adopted: boolean }>;
  /** From a submission to what runs. */
  arrive(work: Work, artifact: Artifact | null, place?: Place): Promise<Deployed>;
  /** All of it: production runs commit `one`. */
  deploy(mode: Mode): Promise<Deployed>;
}

/** Call in a `describe`; the fields are those of the test that runs. */
export function stageOf(harness: TargetHarness): Stage {
  let world: TargetWorld;
  let ports: Ports;
  beforeEach(async () => {
    world = await harness.start();
    ports = world.ports();
  });
  afterEach(() => world.close());

  const stage: Stage = {
    get world() {
      return world;
    },
    get ports() {
      return ports;
    },
    get target() {
      return world.open('production');
    },
    async running(place = 'production') {
      const { running } = await world.open(place).observe(ports);
      if (running === null) throw new Error('nothing runs there');
      return running;
    },
    async submission(mode, over = {}) {
      const verified = mode === 'commit' ? null : await verifiedOnStaging();
      const { cursor } = await stage.target.observe(ports);
      return { ...plain, verified, cursor, ...over };
    },
    async submit(submission, place = 'production') {
      const answer = await world.open(place).submit(submission, ports);
      if (answer.kind !== 'submitted') throw new Error(`it was refused: ${answer.kind}`);
      return answer;
    },
    async arrive(work, given, place = 'production') {
      const target = world.open(place);
      const released = await target.follow({ work, timeoutMs }, ports);
      const artifact = released.artifact ?? given;
      if (artifact === null) throw new Error('nobody says what was released');
      const wanted = { release: released.release, commit: one, artifact, timeoutMs };
      return { work, ...(await target.awaitRelease(wanted, ports)) };
    },
    async deploy(mode) {
      const submission = await stage.submission(mode);
      const { work } = await stage.submit(submission);
      return stage.arrive(work, submission.verified?.artifact ?? null);
    },
  };

  async function verifiedOnStaging(): Promise<NonNullable<Submission['verified']>> {
    const { work } = await stage.submit(plain, 'staging');
    const { artifact, release } = await stage.arrive(work, null, 'staging');
    return { artifact, release, at: world.open('staging').settings };
  }
  return stage;
}

const plain: Submission = {
  environment: 'production',
  share: null,
  commit: one,
  verified: null,
  cursor: null,
  key,
  timeoutMs,
  archive,
  clear: async () => null,
};
