/** Waits until all of an app's formation runs the new release. */
import { LockstepError } from '../errors.ts';
import type { ServiceInput, ServiceOutput } from '../machine/services.ts';
import type { Heroku } from './heroku.ts';
import { pollUntil, spoken } from './heroku-polling.ts';
import type { Dyno } from './heroku-schemas.ts';
import type { Ports } from './ports.ts';

type Input = ServiceInput<'checkDynos'>;

/** Not of the formation: one-off dynos, the release phase, Heroku Scheduler. */
const passing = ['run', 'release', 'scheduler'];
/** `idle` is an eco dyno that fell asleep for want of traffic: it came up before. */
const upStates = ['up', 'idle'];

/**
 * Up means: of each process type as many dynos as the formation wants, on the new release. Dynos of
 * releases before it are tolerated beside those (with preboot they go on answering for a while).
 * Dynos of a later release count when it has the same slug, as after a config change; with another
 * slug this release is not what runs any more, and that is a failure. An app scaled to nothing is up.
 *
 * @throws E_DYNO_CRASHED at once; E_DYNOS_TIMEOUT saying what is missing; E_RELEASE_NOT_CURRENT
 */
export async function checkDynos(
  heroku: Heroku,
  input: Input,
  ports: Ports,
): Promise<ServiceOutput<'checkDynos'>> {
  const { app, release, timeoutMs } = input;
  const startedAt = ports.clock.now();
  const slugs = new SlugsOf(heroku, app, ports);
  let missing = '';
  const polling = { timeoutMs, pauseMs: 2_000, pauseMaxMs: 10_000 };
  const up = await pollUntil(ports, polling, async () => {
    const wanted = (await heroku.readFormation(app, ports)).filter(
      ({ type, quantity }) => quantity > 0 && !passing.includes(type),
    );
    const dynos = (await heroku.readDynos(app, ports)).filter(({ type }) =>
      wanted.some((one) => one.type === type),
    );
    const ours = await onRelease(dynos, input, slugs);
    const crashed = ours.find(({ state }) => state === 'crashed');
    if (crashed !== undefined) throw dynoCrashed(app, crashed);
    const upNow = ours.filter(({ state }) => upStates.includes(state));
    const lacking = wanted.flatMap(({ type, quantity }) => {
      const count = upNow.filter((dyno) => dyno.type === type).length;
      if (count >= quantity) return [];
      const others = dynos.filter(
        (dyno) => dyno.type === type && !upNow.some(({ name }) => name === dyno.name),
      );
      return [`${type}: ${count} of ${quantity}${inBrackets(others)}`];
    });
    if (lacking.length === 0) return upNow;
    const words = lacking.join(', ');
    if (words !== missing) ports.progress(`${app}: up on v${release.version}: ${words}`);
    missing = words;
    return undefined;
  });
  if (up === undefined) throw dynosTimeout(input, missing);
  return {
    kind: 'up',
    dynos: up.map(({ name, release: { version } }) => ({ name, version })),
    waitedMs: Math.max(0, ports.clock.now() - startedAt),
  };
}

interface ReleasedDyno extends Dyno {
  release: { version: number };
}

/** The dynos on the release, or on a later one of the same slug. */
async function onRelease(
  dynos: readonly Dyno[],
  { app, release }: Input,
  slugs: SlugsOf,
): Promise<ReleasedDyno[]> {
  const ours: ReleasedDyno[] = [];
  for (const dyno of dynos) {
    const version = dyno.release?.version ?? 0;
    if (version < release.version) continue;
    if (version > release.version && (await slugs.of(version)) !== (await slugs.of(release.id))) {
      throw notCurrent(app, release.version, dyno, version);
    }
    ours.push({ ...dyno, release: { version } });
  }
  return ours;
}

/** A release's slug never changes: it is read once. */
class SlugsOf {
  readonly #known = new Map<string | number, string | null>();
  readonly #heroku: Heroku;
  readonly #app: string;
  readonly #ports: Ports;

  constructor(heroku: Heroku, app: string, ports: Ports) {
    this.#heroku = heroku;
    this.#app = app;
    this.#ports = ports;
  }

  async of(release: string | number): Promise<string | null> {
    const known = this.#known.get(release);
    if (known !== undefined) return known;
    const slug = await this.#heroku.readSlug(this.#app, release, this.#ports);
    this.#known.set(release, slug);
    return slug;
  }
}

/** ` (web.2 starting, web.1 up on v41)`. */
function inBrackets(dynos: readonly Dyno[]): string {
  if (dynos.length === 0) return '';
  const words = dynos.map(({ name, state, release }) => {
    const version = release === null ? 'no release' : `v${release.version}`;
    return `${name} ${state} on ${version}`;
  });
  return ` (${words.join(', ')})`;
}

function dynoCrashed(app: string, { name, release: { version } }: ReleasedDyno): LockstepError {
  return new LockstepError('E_DYNO_CRASHED', `${app}: ${name} crashed on v${version}`, {
    hint: `See why: heroku logs -a ${app} -d ${name} -n 200`,
    details: { app, dyno: name, version },
  });
}

function dynosTimeout({ app, release, timeoutMs }: Input, missing: string): LockstepError {
  return new LockstepError(
    'E_DYNOS_TIMEOUT',
    `${app} was not all up on v${release.version} within ${spoken(timeoutMs)}: ${missing}`,
    {
      hint: `See what they wait for: heroku ps -a ${app}, heroku logs -a ${app} -n 200. A longer time is set in pipeline.yml.`,
      details: { app, version: release.version, timeoutMs, missing },
    },
  );
}

function notCurrent(app: string, ours: number, { name }: Dyno, version: number): LockstepError {
  return new LockstepError(
    'E_RELEASE_NOT_CURRENT',
    `${app} runs other code by now: ${name} is on v${version}, not v${ours}`,
    {
      hint: `Somebody released to ${app} meanwhile: heroku releases -a ${app}. Deploy again once that is over.`,
      details: { app, version: ours, currentVersion: version, dyno: name },
    },
  );
}
