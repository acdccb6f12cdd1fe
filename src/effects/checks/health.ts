/**
 * Health is a stretch of time: the instances stay up for it, the endpoints answer within it and at its
 * end, and a last look finds that the release under test is still what runs.
 */
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import type { ServiceInput, ServiceOutput } from '../../machine/services.ts';
import type { Ports } from '../ports.ts';
import type { InstanceWatch, Target } from '../targets/target.ts';
import { type AnsweredEndpoint, askEndpoints } from './endpoints.ts';
import type { SeenUp } from './instances.ts';
import { Stretch } from './stretch.ts';

type Input = Omit<ServiceInput<'checkHealth'>, 'target'>;

/** Between two looks at the instances; it grows by half each time. */
const pauseMs = { first: 2_000, longest: 10_000 };

/**
 * Takes the longer of the stretch and the endpoints, not their sum. A restart begins the stretch
 * again, for as long as they may take to be up. It begins with the first look of this very call, or with the one
 * a moment ago that ended the wait for them: what an earlier run saw before it was killed does not count.
 *
 * @param seenUp that look; null: this process did not wait for them
 * @throws E_INSTANCE_CRASHED at once; E_INSTANCES_UNSTEADY they kept restarting; E_ENDPOINT; E_NO_INSTANCES;
 *   E_RELEASE_NOT_CURRENT something else runs by now
 */
export async function checkHealth(
  target: Target,
  input: Input,
  ports: Ports,
  seenUp: SeenUp | null = null,
): Promise<ServiceOutput<'checkHealth'>> {
  const siblings = new AbortController();
  const signal = AbortSignal.any([ports.signal, siblings.signal]);
  try {
    return await new HealthCheck(target, input, { ...ports, signal }).run(seenUp);
  } catch (error) {
    ports.signal.throwIfAborted();
    throw error;
  } finally {
    siblings.abort(new Error('the check is over'));
  }
}

class HealthCheck {
  readonly #target: Target;
  readonly #input: Input;
  readonly #ports: Ports;
  readonly #watch: InstanceWatch;
  readonly #stretch = new Stretch();
  #pauseMs = pauseMs.first;

  constructor(target: Target, input: Input, ports: Ports) {
    this.#target = target;
    this.#input = input;
    this.#ports = ports;
    this.#watch = target.watch(input, ports);
  }

  async run(seenUp: SeenUp | null): Promise<ServiceOutput<'checkHealth'>> {
    const { clock, progress } = this.#ports;
    const { release, artifact, settleMs, timeoutMs, bakeMs } = this.#input;
    const startedAt = clock.ran();
    progress(
      `${this.#target.settings.name}: ${release.version} has to stay up for ${formatDuration(settleMs)}`,
    );
    // No longer ago than two looks may be apart.
    if (seenUp !== null && startedAt - seenUp.at <= pauseMs.first) {
      this.#stretch.see(seenUp.look, seenUp.at);
    }
    let answers = await this.#watchWhile(this.#ask('until they are right'));
    const deadline = clock.ran() + settleMs + timeoutMs;
    for (;;) {
      const endsAt = await this.#untilItsEnd(deadline);
      // Answers from before the end of the stretch say nothing of its end.
      if (answers.at < endsAt) answers = await this.#ask('once more');
      await this.#look();
      const { since } = this.#stretch;
      if (since !== null && answers.at >= since + settleMs) break;
    }
    await this.#target.mustStillRun({ release, artifact }, this.#ports);
    return {
      kind: 'verified',
      release,
      instances: this.#stretch.up.map(({ name, version }) => ({ name, version })),
      steadyMs: this.#stretch.steadyMs,
      restarts: this.#stretch.restarts,
      endpoints: answers.endpoints,
      waitedMs: Math.round(clock.ran() - startedAt),
      ...(bakeMs === 0 ? {} : { bakeMs }),
    };
  }

  async #ask(how: 'until they are right' | 'once more'): Promise<Answers> {
    const endpoints = await askEndpoints(this.#target, this.#input, this.#ports, {
      once: how === 'once more',
    });
    return { at: this.#ports.clock.ran(), endpoints };
  }

  /** Looks at the instances again and again as long as the endpoints are being asked. */
  async #watchWhile(asking: Promise<Answers>): Promise<Answers> {
    let answers: Answers | null = null;
    const answered = asking.then((them) => {
      answers = them;
    });
    // Whoever awaits it next hears of a failure; until then it is not an unhandled one.
    answered.catch(() => {});
    if (this.#stretch.since !== null) await this.#pause(this.#nextPauseMs(), answered);
    while (answers === null) {
      await this.#look();
      await this.#pause(this.#nextPauseMs(), answered);
    }
    return answers;
  }

  /** Looks again and again until all should have been up for long enough: when that is. One look more tells whether they were. */
  async #untilItsEnd(deadline: number): Promise<number> {
    const { clock } = this.#ports;
    const { settleMs } = this.#input;
    const restMs = (): number =>
      (this.#stretch.since ?? Number.POSITIVE_INFINITY) + settleMs - clock.ran();
    for (;;) {
      const { since } = this.#stretch;
      if (since !== null && restMs() <= 0) return since + settleMs;
      const now = clock.ran();
      if (now >= deadline) throw unsteady(this.#target, this.#input, this.#stretch);
      await this.#pause(Math.min(this.#nextPauseMs(), restMs(), deadline - now));
      if (restMs() > 0) await this.#look();
    }
  }

  async #look(): Promise<void> {
    const look = await this.#watch.look();
    const again = this.#stretch.see(look, this.#ports.clock.ran());
    if (again === null) return;
    const { settleMs } = this.#input;
    const { name } = this.#target.settings;
    this.#ports.progress(`${name}: ${again}; its ${formatDuration(settleMs)} begin again`);
  }

  #nextPauseMs(): number {
    const now = this.#pauseMs;
    this.#pauseMs = Math.min(now * 1.5, pauseMs.longest);
    return now;
  }

  /** Sleeps so long, or until that has come about. */
  async #pause(ms: number, unless?: Promise<void>): Promise<void> {
    const awake = new AbortController();
    const signal = AbortSignal.any([this.#ports.signal, awake.signal]);
    try {
      const slept = this.#ports.clock.sleep(ms, signal);
      await (unless === undefined ? slept : Promise.race([slept, unless]));
    } finally {
      awake.abort(new Error('the pause is over'));
    }
  }
}

/** What the endpoints answered, and when the last of it came. */
interface Answers {
  readonly at: number;
  readonly endpoints: AnsweredEndpoint[];
}

function unsteady(
  { settings: { name }, hints }: Target,
  { release: { version }, settleMs, timeoutMs }: Input,
  { restarts }: Stretch,
): LockstepError {
  return new LockstepError(
    'E_INSTANCES_UNSTEADY',
    `${name} did not stay up on ${version} for ${formatDuration(settleMs)} on end: instances restarted or went ${restarts} times`,
    {
      hint: `See why: ${hints.logs}. How long they have to stay up is verify.${hints.verifyKey}.settle in pipeline.yml.`,
      details: { target: name, version, settleMs, timeoutMs, restarts },
    },
  );
}
