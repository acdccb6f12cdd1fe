/**
 * GitHub as a channel: a deployment for each environment that a deploy comes to, one for each pull request that it carries
 * to production, and what became of them. After each event what GitHub shows is brought to what the deploy's events say;
 * whatever may have been written already is looked for first, so that a lost answer or a killed run makes nothing twice.
 */
import type { z } from 'zod';
import { siteOf } from '../../../machine/environments.ts';
import { type EnvironmentName, environmentNames } from '../../../machine/events.ts';
import type { Channel, ChannelFault, Delivery, Memory, News, OrderNews } from '../channel.ts';
import { isOver } from '../news.ts';
import type { GitHubApi, NewDeployment, NewStatus } from './api.ts';
import type { GitHubSettings } from './config.ts';
import { Deployments } from './deployments.ts';
import {
  type Carried,
  carriedSchema,
  deploySchema,
  type Kept,
  memorySchema,
  type Shown,
  shownSchema,
} from './memory.ts';
import { carriedCommits, shownEvents, standingAfter, standingBefore, takenBackTo } from './plan.ts';
import { recordOf } from './records.ts';
import { gitHubFault, Rights } from './rights.ts';
import { showRollback } from './rolled-back.ts';
import { commentMark, deploymentText, liveComment, statusText } from './words.ts';

export interface GitHubChannelOptions {
  readonly api: GitHubApi;
  readonly settings: GitHubSettings;
}

export function createGitHubChannel(options: GitHubChannelOptions): Channel {
  return new GitHubChannel(options);
}

/** So many commits are asked for their pull requests, and so many pull requests show a deploy. */
const commitsMax = 100;
const carriedMax = 50;
/** Deploys that nobody ever goes on with are forgotten at some time. */
const deploysMax = 50;

class GitHubChannel implements Channel {
  readonly name = 'github';
  readonly title = 'GitHub';
  readonly wants = (type: string): boolean =>
    shownEvents.has(type) || type === 'rollback.done' || type === 'rollback.failed';
  readonly faultOf = (error: unknown): ChannelFault => gitHubFault(error);
  readonly #options: GitHubChannelOptions;
  readonly #rights = new Rights();

  constructor(options: GitHubChannelOptions) {
    this.#options = options;
  }

  async deliver(news: News, delivery: Delivery): Promise<Memory> {
    const kept = memorySchema.parse(delivery.memory);
    const telling = new Telling(this.#options, this.#rights, kept, news, delivery);
    await telling.lookForCarried();
    const [before, now] = [standingBefore(news.history), standingAfter(news.history)];
    for (const environment of environmentNames) {
      const { [environment]: wanted } = now;
      if (wanted === undefined) continue;
      await telling.show(environment, wanted);
      if (wanted === 'success' && before[environment] !== wanted) await telling.live(environment);
    }
    await telling.endWhatIsTakenBack();
    if (isOver(news)) delete kept.deploys[news.deploy];
    const newest = Object.entries(kept.deploys).slice(-deploysMax);
    return { ...kept, deploys: Object.fromEntries(newest) };
  }

  announce(news: OrderNews, delivery: Delivery): Promise<Memory> {
    const { api, settings } = this.#options;
    const deployments = new Deployments(api, this.#rights, delivery);
    const kept = memorySchema.parse(delivery.memory);
    return showRollback(news, kept, { settings, deployments, delivery });
  }
}

/** While one event is told. */
class Telling {
  readonly #options: GitHubChannelOptions;
  readonly #deployments: Deployments;
  readonly #kept: Kept;
  readonly #news: News;
  readonly #delivery: Delivery;
  readonly #deploy: z.output<typeof deploySchema>;

  constructor(
    options: GitHubChannelOptions,
    rights: Rights,
    kept: Kept,
    news: News,
    delivery: Delivery,
  ) {
    this.#options = options;
    this.#deployments = new Deployments(options.api, rights, delivery);
    this.#kept = kept;
    this.#news = news;
    this.#delivery = delivery;
    kept.deploys[news.deploy] ??= deploySchema.parse({});
    this.#deploy = kept.deploys[news.deploy] as z.output<typeof deploySchema>;
  }

  /** Which pull requests the deploy brings to production: asked once, when it is known what ships. */
  async lookForCarried(): Promise<void> {
    const { api, settings } = this.#options;
    const { history } = this.#news;
    if (!settings.pullRequests && !settings.comments) return;
    const found = new Map<number, Carried>();
    for (const commit of carriedCommits(history.at(-1) ?? history[0], commitsMax)) {
      const pulls = await this.#deployments.may('pullRequests', () =>
        api.mergedPulls(commit, this.#ports),
      );
      for (const pull of pulls ?? []) found.set(pull.number, carriedSchema.parse(pull));
      if (found.size >= carriedMax) break;
    }
    if (found.size === 0) return;
    this.#deploy.carried = [...found.values()].slice(0, carriedMax);
    await this.#remember();
  }

  /** Brings what GitHub shows of an environment to that state. */
  async show(environment: EnvironmentName, wanted: NewStatus['state']): Promise<void> {
    const own = this.#shown(environment);
    const carried = this.#carried(environment);
    // The newest deployment of an environment is the one that people and programs take for what runs there.
    for (const one of carried) await this.#create(one, this.#carriedBy(one));
    await this.#create(own, this.#own(environment));
    const status = this.#status(environment, wanted);
    for (const one of [own, ...carried]) await this.#say(one, status);
  }

  /** The environment runs the deploy as of this event. */
  async live(environment: EnvironmentName): Promise<void> {
    await this.#record(environment);
    if (environment !== 'production') return;
    await this.#replaceLive(this.#shown(environment), this.#carried(environment));
    await this.#comment();
  }

  /** What ran in production does not run there any more, for people took it back. */
  async endWhatIsTakenBack(): Promise<void> {
    const { history } = this.#news;
    const { live } = this.#kept;
    const commit = takenBackTo(history.at(-1) ?? history[0]);
    if (live === null || commit === null || live.commit === commit) return;
    for (const id of [live.own, ...live.carried]) await this.#end(id);
    this.#kept.live = null;
  }

  #shown(environment: EnvironmentName): Shown {
    this.#deploy.environments[environment] ??= shownSchema.parse({});
    return this.#deploy.environments[environment] as Shown;
  }

  /** The pull requests that have a deployment of their own there: of one that the commit ends, it is the commit's. */
  #carried(environment: EnvironmentName): readonly Carried[] {
    if (environment !== 'production' || !this.#options.settings.pullRequests) return [];
    const { commit } = this.#news.history[0].data;
    return this.#deploy.carried.filter(({ sha }) => sha !== commit.sha);
  }

  get #ports(): Delivery['ports'] {
    return this.#delivery.ports;
  }

  #remember(): Promise<void> {
    return this.#delivery.remember(this.#kept);
  }

  async #create(shown: Shown, deployment: NewDeployment): Promise<void> {
    if (shown.id !== null) return;
    shown.id = await this.#deployments.create(deployment);
    await this.#remember();
  }

  async #say(shown: Shown, status: NewStatus): Promise<void> {
    if (shown.id === null || shown.state === status.state) return;
    await this.#deployments.setStatus(shown.id, status);
    shown.state = status.state;
    await this.#remember();
  }

  #end(id: number): Promise<void> {
    return this.#deployments.setStatus(id, this.#status('production', 'inactive'));
  }

  async #replaceLive({ id }: Shown, carried: readonly Carried[]): Promise<void> {
    const { deploy, history } = this.#news;
    const before = this.#kept.live;
    // GitHub does this by itself for any environment but production. What a pull request brought runs on.
    if (before !== null && before.deploy !== deploy) await this.#end(before.own);
    if (id === null) return;
    const ids = carried.flatMap((one) => one.id ?? []);
    const commit = history[0].data.commit.sha;
    this.#kept.live = { deploy, commit, own: id, carried: ids };
    await this.#remember();
  }

  async #comment(): Promise<void> {
    const { api, settings } = this.#options;
    if (!settings.comments) return;
    const { history, time } = this.#news;
    const mark = commentMark(history[0].data.lane, 'production');
    for (const one of this.#deploy.carried.filter(({ isCommented }) => !isCommented)) {
      const said = await this.#deployments.may('pullRequests', async () => {
        if (await api.hasComment(one.number, mark, this.#ports)) return true;
        await this.#delivery.assertHeld();
        await api.comment(one.number, liveComment(history[0].data, time), this.#ports);
        return true;
      });
      one.isCommented = said === true;
      await this.#remember();
    }
  }

  async #record(environment: EnvironmentName): Promise<void> {
    const { api, settings } = this.#options;
    const name = settings.environments[environment];
    const record = settings.records ? recordOf(this.#news.history, environment, name) : null;
    if (record === null) return;
    await this.#deployments.may('records', async () => {
      await this.#delivery.assertHeld();
      await api.record(record, this.#ports);
    });
  }

  #own(environment: EnvironmentName): NewDeployment {
    const { deploy, history } = this.#news;
    const request = history[0].data;
    return {
      sha: request.commit.sha,
      environment: this.#options.settings.environments[environment],
      task: 'deploy',
      description: deploymentText(request),
      payload: { lockstep: deploy, lane: request.lane, environment },
      isProduction: environment === 'production',
    };
  }

  #carriedBy({ number, sha }: Carried): NewDeployment {
    const own = this.#own('production');
    const payload = { ...own.payload, pullRequest: String(number) };
    return { ...own, sha, task: 'deploy:carried', payload };
  }

  #status(environment: EnvironmentName, to: NewStatus['state']): NewStatus {
    const { history } = this.#news;
    const request = history[0].data;
    return {
      state: to,
      description: statusText(history),
      logUrl: request.build.url,
      environmentUrl: siteOf(request, environment),
    };
  }
}
