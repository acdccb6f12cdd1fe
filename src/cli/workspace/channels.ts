/** Opens the channels of a configuration, and what tells them. */
import type { OpenedChannel } from '../../effects/channels/channel-kind.ts';
import { channelKinds } from '../../effects/channels/kinds.ts';
import { systemClock } from '../../effects/clock.ts';
import type { Repository } from '../../effects/git/repository.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import type { HttpClient } from '../../effects/http/request.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import type { Run } from '../../runtime/identity.ts';
import { createNotifier, type Notifier, together } from '../../runtime/notify/notifier.ts';
import { rosterKeeper } from '../../runtime/notify/roster.ts';
import type { EventLog } from '../../store/log.ts';
import type { Config } from '../config/config.ts';
import { type Environment, namedSecrets, readNamed } from '../config/environment.ts';

export interface NotifierParts {
  readonly config: Config;
  /** Of the configuration. */
  readonly folder: string;
  readonly environment: Environment;
  readonly env: NodeJS.ProcessEnv;
  /** Null: there is none where the command is typed. */
  readonly repository: Repository | null;
  readonly log: EventLog;
  readonly run: Run;
  readonly leaseMs: number;
  readonly progress: (line: string) => void;
  readonly http: HttpClient;
}

/** Where no channel is configured, or none can be reached, nobody is told: the log has it all anyway. @throws UsageError */
export async function openNotifier(parts: NotifierParts): Promise<Notifier> {
  const { config, folder, environment, env, repository, log, run, leaseMs, progress, http } = parts;
  const opened: OpenedChannel[] = [];
  const clock = systemClock;
  const values = { ...environment.channels, ...readNamed(namedSecrets(config.notify), env) };
  const same = { log, lane: config.app, ports: { http, clock, progress }, owner: run.owner };
  const emailOf = async (commit: string, signal: AbortSignal) =>
    (await repository?.commit(commit, signal).catch(() => null))?.email ?? null;
  const around = { clock, folder, env, emailOf, repository: config.repository ?? null };
  for (const { name, opener } of channelKinds) {
    const settings = config.notify[name];
    if (settings === undefined) continue;
    const { open } = await opener();
    for (const channel of open(settings, values, around)) {
      opened.push(channel);
      if ('unset' in channel) progress(`${channel.title} is told nothing: set ${channel.unset}`);
    }
  }
  return together([
    ...opened.flatMap((channel) =>
      'unset' in channel ? [] : createNotifier({ ...same, channel, leaseMs, startAt: 'head' }),
    ),
    rosterKeeper(log, config.app, opened),
  ]);
}

/** How long an order that is given already waits for its messages. */
const announcingMs = 5_000;

export interface Announcer {
  /** Tells what was ordered. Whatever becomes of that, the order stands; what is not told is said by `progress`. */
  announce(): Promise<void>;
  close(): Promise<void>;
}

/** Tells the channels of an order that is no run of a deploy. Opened before the order is written. Never throws. */
export async function openAnnouncer(parts: Omit<NotifierParts, 'http'>): Promise<Announcer> {
  const { progress } = parts;
  const transport = undiciTransport();
  const http = createHttpClient({
    ...{ transport: transport.send, clock: systemClock, random: Math.random, notice: progress },
    // A message is no write that the lane's lock protects.
    beforeWrite: async () => {},
  });
  const untold = (error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error);
    progress(`no channel is told of it now: ${why}; the lane’s next run tells it`);
  };
  const notifier = await openNotifier({ ...parts, http }).catch((error: unknown) => {
    untold(error);
    return null;
  });
  return {
    async announce() {
      notifier?.start();
      await notifier?.flush(announcingMs).catch(untold);
    },
    close: () => transport.close(),
  };
}
