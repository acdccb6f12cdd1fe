/**
 * Health is a stretch of time: the dynos stay up for it, the endpoints answer within it and at its
 * end, and a last look finds that the release under test is still what runs.
 */
import { LockstepError } from '../../errors.ts';
import type { ServiceInput, ServiceOutput } from '../../machine/services.ts';
import { spoken } from '../polling.ts';
import type { Ports } from '../ports.ts';
import { DynoWatch, type Look, type UpDyno } from '../targets/heroku/dyno-watch.ts';
import type { Heroku } from '../targets/heroku/heroku.ts';
import { type AnsweredEndpoint, askEndpoints } from './endpoints.ts';

type Input = ServiceInput<'checkHealth'>;

/** Between two looks at the dynos; it grows by half each time. */
const pauseMs = { first: 2_000, longest: 10_000 };

/**
 * Takes the longer of the stretch and the endpoints, not their sum. A restart begins the stretch
 * again, for as long as `dynos.timeout` lasts. It begins with the first look of this very call: what
 * an earlier run saw before it was killed does not count.
 *
 * @throws E_DYNO_CRASHED at once; E_DYNOS_UNSTEADY they kept restarting; E_ENDPOINT; E_NO_DYNOS;
 *   E_RELEASE_NOT_CURRENT something else runs by now
 */
export async function checkHealth(
  heroku: Heroku,
  input: Input,
  ports: Ports,
): Promise<ServiceOutput<'checkHealth'>> {
  const siblings = new AbortController();
  const signal = AbortSignal.any([ports.signal, siblings.signal]);
  try {
    return await new HealthCheck(heroku, input, { ...ports, signal }).run();
  } catch (error) {
    ports.signal.throwIfAborted();
    throw error;
  } finally {
    siblings.abort(new Error('the check is over'));
  }
}

class HealthCheck {
  readonly #heroku: Heroku;
  readonly #input: Input;
  readonly #ports: Ports;
  readonly #watch: DynoWatch;
  readonly #stretch = new Stretch();
  #pauseMs = pauseMs.first;

  constructor(heroku: Heroku, input: Input, ports: Ports) {
    this.#heroku = heroku;
    this.#input = input;
    this.#ports = ports;
    this.#watch = new DynoWatch(heroku, input, ports);
  }

  async run(): Promise<ServiceOutput<'checkHealth'>> {
    const { clock, progress } = this.#ports;
    const { app, release, slug, settleMs, timeoutMs } = this.#input;
    const startedAt = clock.ran();
    progress(`${app}: v${release.version} has to stay up for ${spoken(settleMs)}`);
    let answers = await this.#watchWhile(this.#ask('until they are right'));
    const deadline = clock.ran() + settleMs + timeoutMs;
    for (;;) {
      const steady = await this.#untilSteady(deadline);
      // Answers from before the end of the stretch say nothing of its end.
      if (answers.at >= steady.since + settleMs) break;
      answers = await this.#ask('once more');
    }
    await this.#heroku.mustStillRun({ app, release, slug }, this.#ports);
    return {
      kind: 'verified',
      release,
      dynos: this.#stretch.up.map(({ name, version }) => ({ name, version })),
      steadyMs: this.#stretch.steadyMs,
      restarts: this.#stretch.restarts,
      endpoints: answers.endpoints,
      waitedMs: Math.round(clock.ran() - startedAt),
    };
  }

  async #ask(how: 'until they are right' | 'once more'): Promise<Answers> {
    const endpoints = await askEndpoints(this.#heroku, this.#input, this.#ports, {
      once: how === 'once more',
    });
    return { at: this.#ports.clock.ran(), endpoints };
  }

  /** Looks at the dynos again and again as long as the endpoints are being asked. */
  async #watchWhile(asking: Promise<Answers>): Promise<Answers> {
    let answers: Answers | null = null;
    const answered = asking.then((them) => {
      answers = them;
    });
    // Whoever awaits it next hears of a failure; until then it is not an unhandled one.
    answered.catch(() => {});
    while (answers === null) {
      await this.#look();
      await this.#pause(this.#nextPauseMs(), answered);
    }
    return answers;
  }

  /** Looks at least once, and until all have been up for long enough. */
  async #untilSteady(deadline: number): Promise<{ since: number }> {
    const { clock } = this.#ports;
    const { settleMs } = this.#input;
    for (;;) {
      await this.#look();
      const now = clock.ran();
      const { since } = this.#stretch;
      const restMs = since === null ? Number.POSITIVE_INFINITY : since + settleMs - now;
      if (since !== null && restMs <= 0) return { since };
      if (now >= deadline) throw unsteady(this.#input, this.#stretch);
      await this.#pause(Math.min(this.#nextPauseMs(), restMs, deadline - now));
    }
  }

  async #look(): Promise<void> {
    const look = await this.#watch.look();
    const again = this.#stretch.see(look, this.#ports.clock.ran());
    if (again === null) return;
    const { app, settleMs } = this.#input;
    this.#ports.progress(`${app}: ${again}; its ${spoken(settleMs)} begin again`);
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

/** For how long all dynos have been up, by our own clock's even pace, and how often that began again. */
class Stretch {
  /** When the first look found all of them up in these lives; null while one is missing. */
  since: number | null = null;
  /** How often it was broken: a dyno restarted, or was not up. */
  restarts = 0;
  up: readonly UpDyno[] = [];
  #seenAt = 0;
  /** By name. */
  #lives = new Map<string, string>();

  get steadyMs(): number {
    return this.since === null ? 0 : Math.round(this.#seenAt - this.since);
  }

  /** @returns why it begins again, in words; null when it goes on */
  see({ up, missing }: Look, now: number): string | null {
    this.#seenAt = now;
    if (missing !== '') {
      const broken = this.since !== null;
      if (broken) this.restarts += 1;
      this.since = null;
      return broken ? `not all up any more (${missing})` : null;
    }
    const known = (dyno: UpDyno): string | undefined => this.#lives.get(dyno.name);
    const restarted = up.find((dyno) => known(dyno) !== undefined && known(dyno) !== dyno.life);
    const isNew = up.some((dyno) => known(dyno) !== dyno.life);
    const broken = this.since !== null && restarted !== undefined;
    if (broken) this.restarts += 1;
    if (this.since === null || isNew) this.since = now;
    this.up = up;
    this.#lives = new Map(up.map(({ name, life }) => [name, life]));
    return broken ? `${restarted.name} has restarted` : null;
  }
}

function unsteady(
  { app, release, settleMs, timeoutMs }: Input,
  { restarts }: Stretch,
): LockstepError {
  return new LockstepError(
    'E_DYNOS_UNSTEADY',
    `${app} did not stay up on v${release.version} for ${spoken(settleMs)} on end: the dynos restarted or went ${restarts} times`,
    {
      hint: `See why: heroku logs -a ${app} -n 200. How long they have to stay up is verify.dynos.settle in pipeline.yml.`,
      details: { app, version: release.version, settleMs, timeoutMs, restarts },
    },
  );
}
