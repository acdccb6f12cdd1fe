/** Promotions: the verified code of one app put on another, asked for once, followed to its release. */
import { formatDuration } from '../../../format/duration.ts';
import type { Work } from '../../../machine/events.ts';
import type { Refusal } from '../../../machine/services.ts';
import { writeOnce } from '../../lost-replies.ts';
import { pollUntil } from '../../polling.ts';
import type { ClearedPorts, Ports, StepPorts } from '../../ports.ts';
import type { HerokuApi } from './api.ts';
import { readApp } from './app.ts';
import { hasSameContent } from './artifacts.ts';
import type { Clear } from './builds.ts';
import { classify, type HerokuVersion } from './code.ts';
import type { Coupling, Couplings } from './couplings.ts';
import { HerokuError } from './error-codes.ts';
import { readRelease, releasesNewestFirst } from './release-list.ts';
import {
  type Code,
  type HerokuPromotion,
  type PromotionTarget,
  promotionSchema,
  promotionTargetSchema,
} from './schemas.ts';

export interface RequestPromotionInput {
  readonly source: { readonly app: string; readonly release: HerokuVersion };
  readonly target: { readonly app: string };
  /** What the source's release runs. */
  readonly code: Code;
  /** The target's newest version when the gates were read: a release above it with our code is ours. */
  readonly after: number;
}

export interface RequestedPromotion {
  readonly kind: 'requested';
  /** The promotion; of one that an earlier try asked for the release, for there is no list of promotions. */
  readonly work: Work;
  readonly adopted: boolean;
}

/** What the target's list of releases says. */
interface Promoted {
  /** The id of the app that has the target's name. */
  readonly app: string;
  /** The id of the release that put the verified code there; null: there is none. */
  readonly release: string | null;
}

/**
 * The release of the target above version `after` that put the verified code there. Of
 * several the lowest that did not fail (config changes come on top of it), else the newest that
 * did: one promotion a deploy, and whoever waits for it tells why it failed. A rollback is a
 * person's decision and never ours.
 */
async function findPromoted(
  api: HerokuApi,
  { source, target: { app }, code, after }: RequestPromotionInput,
  ports: Ports,
): Promise<Promoted> {
  const verified = { app: source.app, code };
  let owner = '';
  let lowest: string | null = null;
  let newestFailed: string | null = null;
  for await (const release of releasesNewestFirst(api, app, ports)) {
    owner = release.app.id;
    if (release.version <= after) break;
    if (classify(release.description) === 'rollback') continue;
    if (!(await hasSameContent(api, { app, code: release.code }, verified, ports))) continue;
    if (release.status === 'failed') newestFailed ??= release.id;
    else lowest = release.id;
  }
  return { app: owner, release: lowest ?? newestFailed };
}

/**
 * Has Heroku promote exactly the release that was verified, not whatever the source runs by now.
 *
 * @param clear awaited right before the promotion is asked for
 * @throws E_GENERATIONS, E_NO_PIPELINE the two apps are not in one pipeline; E_PROMOTION_SOURCE Heroku took
 *   another release than the one named, or does not say which; VendorUnreachable, VendorRefused,
 *   VendorMalformed
 */
export async function requestPromotion(
  api: HerokuApi,
  couplings: Couplings,
  input: RequestPromotionInput,
  ports: StepPorts,
  clear: Clear,
): Promise<RequestedPromotion | Refusal> {
  const { source, target } = input;
  let seen = '';
  let coupling: Coupling | null = null;
  const written = await writeOnce<Work, Refusal>(ports, {
    what: `the promotion to ${target.app}`,
    look: async () => {
      const { app, release } = await findPromoted(api, input, ports);
      seen = app;
      return release === null ? null : { kind: 'release', id: release };
    },
    prepare: async () => {
      coupling = await couplings.again(source.app, target.app, seen, ports);
    },
    clear,
    send: async (cleared) => {
      if (coupling === null)
        throw new Error('a promotion is asked for before its pipeline is known');
      const id = await createPromotion(api, input, coupling, cleared);
      return { kind: 'promotion', id };
    },
  });
  if (written.kind === 'refused') return written.refusal;
  return { kind: 'requested', work: written.value, adopted: written.adopted };
}

async function createPromotion(
  api: HerokuApi,
  { source, target }: RequestPromotionInput,
  coupling: Coupling,
  ports: ClearedPorts,
): Promise<string> {
  const body = {
    pipeline: { id: coupling.pipeline },
    source: { app: { id: coupling.source }, release: { id: source.release.id } },
    targets: [{ app: { id: coupling.target } }],
  };
  const made = await api.post('/pipeline-promotions', body, promotionSchema, ports);
  // An answer that does not say what is promoted is asked for once more: it is too late to hold it back.
  const { release, app } = isNamed(made) ? made.source : await readSource(api, made, ports);
  if (release === source.release.id && app === coupling.source) return made.id;
  const taken = release ?? 'not said';
  throw new HerokuError(
    'E_PROMOTION_SOURCE',
    release === null || app === null
      ? `Heroku does not say what it promotes to ${target.app}`
      : `Heroku promotes another release to ${target.app} than ${source.app} v${source.release.version}, which was verified`,
    {
      hint: `What ${target.app} gets was not verified: look at heroku releases -a ${target.app}, and roll back if need be.`,
      details: {
        source: source.app,
        target: target.app,
        promotion: made.id,
        taken,
        verified: source.release.id,
      },
    },
  );
}

const isNamed = ({ source }: HerokuPromotion) => source.app !== null && source.release !== null;

/** The promotion is made: that this cannot be read is no reason to send it again. */
async function readSource(
  api: HerokuApi,
  { id }: HerokuPromotion,
  ports: Ports,
): Promise<HerokuPromotion['source']> {
  try {
    const seen = await api.get(promotionPath(id), promotionSchema, ports);
    if (seen.id === id) return seen.source;
  } catch {
    // Where that is because this run is to end, who sends it tells so.
  }
  return { app: null, release: null };
}

const promotionPath = (id: string): string => `/pipeline-promotions/${encodeURIComponent(id)}`;
const targetsPath = (id: string): string => `${promotionPath(id)}/promotion-targets`;

/** @throws VendorMalformed those of another promotion came */
async function readTargets(api: HerokuApi, id: string, ports: Ports): Promise<PromotionTarget[]> {
  const targets = await api.list(targetsPath(id), promotionTargetSchema, ports);
  const stranger = targets.find((one) => one.pipeline_promotion.id !== id);
  if (stranger === undefined) return targets;
  throw api.malformed(targetsPath(id), `it is of promotion ${stranger.pipeline_promotion.id}`);
}

/** A promotion with its targets; null: Heroku does not know it. @throws VendorMalformed another one came */
export async function findPromotion(
  api: HerokuApi,
  id: string,
  ports: Ports,
): Promise<(HerokuPromotion & { readonly targets: readonly PromotionTarget[] }) | null> {
  const promotion = await api.find(promotionPath(id), promotionSchema, ports);
  if (promotion === null) return null;
  if (promotion.id !== id) {
    throw api.malformed(promotionPath(id), `it is of promotion ${promotion.id}`);
  }
  return { ...promotion, targets: await readTargets(api, id, ports) };
}

export interface FollowPromotionInput {
  readonly target: { readonly app: string };
  readonly promotion: string;
  readonly timeoutMs: number;
}

/**
 * The id of the target's release, as soon as it has one of the promotion, which may still be in its release
 * phase: `awaitRelease` follows that. A release whose release phase failed is given too, so that it
 * is told with its output.
 *
 * @throws E_PROMOTION_FAILED, E_PROMOTION_PARTIAL saying which app has what; E_PROMOTION_TIMEOUT
 */
export async function followPromotion(
  api: HerokuApi,
  couplings: Couplings,
  { target, promotion, timeoutMs }: FollowPromotionInput,
  ports: Ports,
): Promise<string> {
  const polling = { timeoutMs, pauseMaxMs: 5_000 };
  let known = couplings.idOf(target.app);
  const asked = await pollUntil(ports, polling, async () => {
    const [targets, id] = await Promise.all([
      readTargets(api, promotion, ports),
      known ?? readApp(api, target.app, ports).then((app) => app.id),
    ]);
    known = id;
    const settled = targets.every(
      ({ status, release }) => status !== 'pending' || release !== null,
    );
    const ours = targets.find(({ app }) => app.id === id);
    return settled && ours !== undefined ? { targets, ours } : undefined;
  });
  if (asked === undefined) throw promotionTimeout(target.app, promotion, timeoutMs);
  const { targets, ours } = asked;
  if (targets.some(({ status }) => status === 'failed')) {
    const states = await Promise.all(targets.map((one) => stateOf(api, one, one === ours, ports)));
    if (states.some(({ failed }) => failed)) throw promotionFailed(target.app, promotion, states);
  }
  if (ours.release === null) {
    throw api.malformed(targetsPath(promotion), 'a promotion succeeded without a release');
  }
  return ours.release.id;
}

interface TargetState {
  readonly name: string;
  readonly failed: boolean;
  /** `has v16`, `failed: …`. */
  readonly words: string;
}

/** Of our target, a failure in the release phase is left to whoever waits for the release. */
async function stateOf(
  api: HerokuApi,
  { app, status, error_message, release }: PromotionTarget,
  ours: boolean,
  ports: Ports,
): Promise<TargetState> {
  const { name } = await readApp(api, app.id, ports);
  if (release === null) {
    const why = (error_message ?? '') === '' ? 'Heroku does not say why' : error_message;
    return { name, failed: status === 'failed', words: `${status} (${why})` };
  }
  const seen = await readRelease(api, app.id, release.id, ports);
  const inPhase = seen.status === 'failed' || seen.status === 'pending';
  const failed = status === 'failed' && !(ours && inPhase);
  return { name, failed, words: `has v${seen.version} (${seen.status})` };
}

function promotionFailed(
  app: string,
  promotion: string,
  states: readonly TargetState[],
): HerokuError {
  const partial = states.some(({ failed }) => !failed);
  const list = states.map(({ name, words }) => `${name} ${words}`).join('; ');
  return new HerokuError(
    partial ? 'E_PROMOTION_PARTIAL' : 'E_PROMOTION_FAILED',
    `the promotion to ${app} ${partial ? 'succeeded only in part' : 'failed'}: ${list}`,
    {
      hint: `What runs where: heroku releases -a ${app}. Once the cause is mended, run it again.`,
      details: { app, promotion, targets: list },
    },
  );
}

function promotionTimeout(app: string, promotion: string, timeoutMs: number): HerokuError {
  return new HerokuError(
    'E_PROMOTION_TIMEOUT',
    `the promotion to ${app} took more than ${formatDuration(timeoutMs)}`,
    {
      hint: `It may yet finish: heroku releases -a ${app}. A longer time is set in pipeline.yml.`,
      details: { app, promotion, timeoutMs },
    },
  );
}
