/** What the targets of the lane that is configured here run now, for whoever looks. It never fails: it says why it does not know. */
import { systemClock } from '../../effects/clock.ts';
import { openRepository } from '../../effects/git/repository.ts';
import { createGitHub, parseRepository } from '../../effects/history/github.ts';
import { createHistory, type History } from '../../effects/history/history.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import { LockstepError } from '../../errors/error.ts';
import { askTargets } from '../../runtime/standing/ask.ts';
import type { Told } from '../../runtime/standing/known.ts';
import type { Logged } from '../../runtime/standing/read.ts';
import type { EventLog } from '../../store/log.ts';
import type { Config } from '../config/config.ts';
import { type Environment, environmentForPrograms } from '../config/environment.ts';
import type { GlobalFlags } from './flags.ts';
import { openTargets } from './targets.ts';
import { openWorkspace } from './workspace.ts';

/** As long as a person waits for a screen. */
const withinMs = 2_000;

export type AskLane = (logged: Logged) => Promise<Told>;

/** Asks for the lane of the configuration at hand; of any other lane the log alone is known. */
export async function laneAsker(
  flags: Pick<GlobalFlags, 'config' | 'store'>,
  environment: Environment,
  log: EventLog,
): Promise<{ readonly lane: string | null; readonly ask: AskLane }> {
  let config: Config;
  try {
    ({ config } = await openWorkspace(flags, environment));
  } catch (error) {
    return { lane: null, ask: async () => notAsked(error) };
  }
  const ask: AskLane = async (logged) => {
    if (logged.lane !== config.app) {
      return { kind: 'notAsked', why: `pipeline.yml here is of lane ${config.app}` };
    }
    try {
      return await askAll(logged, config, environment, log);
    } catch (error) {
      return notAsked(error);
    }
  };
  return { lane: config.app, ask };
}

/** What is wrong with the configuration or the environment is said, and the log tells all the same. */
function notAsked(error: unknown): Told {
  if (error instanceof LockstepError) return { kind: 'notAsked', why: error.message };
  throw error;
}

async function askAll(
  logged: Logged,
  config: Config,
  environment: Environment,
  log: EventLog,
): Promise<Told> {
  const repository = await openRepository(process.cwd()).catch(() => null);
  const root = repository?.root ?? process.cwd();
  const around = { root, env: environmentForPrograms(process.env, config.notify) };
  const targets = await openTargets(config, environment, around);
  const transport = undiciTransport();
  const clock = systemClock;
  const http = createHttpClient({
    ...{ transport: transport.send, clock, random: Math.random },
    beforeWrite: async () => {
      throw new Error('whoever looks writes nothing');
    },
    notice: () => {},
  });
  const webUrl = config.repository ?? null;
  const history: History | null =
    repository === null
      ? null
      : createHistory({
          repository,
          github:
            environment.githubToken === null
              ? null
              : createGitHub({ baseUrl: environment.githubApiUrl, token: environment.githubToken }),
          name: webUrl === null ? null : parseRepository(webUrl),
          webUrl,
        });
  try {
    return await askTargets(logged, config, { log, targets, history, http, clock, withinMs });
  } finally {
    await transport.close();
  }
}
