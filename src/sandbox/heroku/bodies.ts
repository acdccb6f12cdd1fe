/** The JSON bodies of Heroku's Platform API (Heroku Platform API reference), made from the world. */

import { baseImage, cloudNativeBuildpacks, offset, seconds, stackBody } from './artifact-bodies.ts';
import {
  type App,
  type Build,
  type Dyno,
  type FormationType,
  isOver,
  type Promotion,
  type PromotionTarget,
  type Release,
} from './state.ts';
import type { HerokuWorld } from './world.ts';

const userId = '00000021-89ab-4def-8123-456789abcdef';
const userBody = (email: string) => ({ id: userId, email });
const of = ({ id, name }: App) => ({ id, name });

export function appBody(world: HerokuWorld, app: App) {
  const current = world.current(app);
  const stack = stackBody(app.stack);
  const isFir = app.generation === 'fir';
  const runsCode = current?.slug != null;
  return {
    acm: true,
    archived_at: null,
    ...(isFir ? firFields(runsCode) : {}),
    build_stack: stack,
    buildpack_provided_description: isFir ? 'Cloud Native Buildpacks' : 'Ruby',
    created_at: seconds(app.createdAt),
    generation: app.generation,
    git_url: `https://git.heroku.com/${app.name}.git`,
    id: app.id,
    internal_routing: null,
    maintenance: app.maintenance,
    name: app.name,
    organization: null,
    owner: userBody('deploy@acme.test'),
    region: { id: '00000032-89ab-4def-8123-456789abcdef', name: 'us' },
    released_at: current === undefined ? null : seconds(current.createdAt),
    repo_size: null,
    slug_size: runsCode && !isFir ? 72_552_521 : null,
    space: app.space,
    stack,
    team: null,
    updated_at: seconds(app.releases.at(-1)?.updatedAt ?? app.createdAt),
    web_url: app.webUrl,
  };
}

/** What an app shows on Fir beside the rest. */
const firFields = (runsCode: boolean) => ({
  base_image_name: runsCode ? baseImage : null,
  buildpacks: runsCode ? cloudNativeBuildpacks : [],
  current_build_architecture: ['arm64'],
});

export function buildBody(app: App, build: Build, streams: string) {
  const { source } = build;
  const isFir = app.generation === 'fir';
  const buildpacks =
    build.status === 'succeeded'
      ? [
          {
            name: 'heroku/ruby',
            url: 'https://codon-buildpacks.s3.amazonaws.com/buildpacks/heroku/ruby.tgz',
          },
        ]
      : [];
  return {
    app: { id: app.id },
    ...(isFir ? { buildpacks: null, labs: {} } : { buildpacks }),
    created_at: seconds(build.createdAt),
    id: build.id,
    output_stream_url: `${streams}/streams/builds/${build.id}.log?X-Amz-Expires=86400&X-Amz-Signature=${build.id}`,
    release: build.release === null ? null : { id: build.release },
    slug: build.slug === null || isFir ? null : { id: build.slug },
    source_blob: {
      checksum: source.checksum,
      url: source.url,
      version: source.version,
      version_description: source.description,
    },
    stack: app.stack,
    status: build.status,
    updated_at: seconds(build.updatedAt),
    user: userBody(build.by),
  };
}

/** @param current the release that runs, as far as whoever asks may see */
export function releaseBody(
  app: App,
  release: Release,
  { current, streams }: { current: Release | undefined; streams: string },
) {
  const done = release.status === 'succeeded' && release.slug !== null;
  const code = release.slug === null ? null : { id: release.slug };
  const [slug, oci_image] = app.generation === 'fir' ? [null, code] : [code, null];
  const type = slug === null ? 'oci-image' : 'slug';
  return {
    addon_plan_names: ['heroku-postgresql:standard-0'],
    app: of(app),
    artifacts: done ? [{ type, ...code }] : [],
    created_at: seconds(release.createdAt),
    current: release === current,
    description: release.description,
    eligible_for_rollback: done,
    id: release.id,
    oci_image,
    output_stream_url:
      release.phase !== null
        ? `${streams}/streams/releases/${release.id}.log?X-Amz-Expires=86400&X-Amz-Signature=${release.id}`
        : null,
    slug,
    status: release.status,
    updated_at: seconds(release.updatedAt),
    user: userBody(release.by),
    version: release.version,
  };
}

export function dynoBody(app: App, dyno: Dyno) {
  const { release } = dyno;
  return {
    app: of(app),
    attach_url: null,
    command: dyno.command,
    created_at: seconds(dyno.createdAt),
    id: dyno.id,
    name: dyno.name,
    release: { id: release.id, version: release.version },
    size: 'Standard-1X',
    state: dyno.state,
    type: dyno.type,
    updated_at: seconds(dyno.updatedAt),
  };
}

/** An id that belongs to another one: the same every time. */
const derived = (id: string, n: number): string =>
  `0000${n.toString(16).padStart(4, '0')}${id.slice(8)}`;

export function formationBody(app: App, { type, quantity }: FormationType, place: number) {
  return {
    app: of(app),
    command: `bundle exec ${type}`,
    created_at: seconds(app.createdAt),
    dyno_size: { id: '00000082-89ab-4def-8123-456789abcdef', name: 'Standard-1X' },
    id: derived(app.id, 0x81 + place),
    quantity,
    size: 'Standard-1X',
    type,
    updated_at: seconds(app.createdAt),
  };
}

export function prebootBody(app: App) {
  return {
    created_at: '2013-09-20T15:54:45Z',
    description: 'Boots web dynos with new code before the old ones are stopped.',
    display_name: 'Preboot',
    doc_url: 'https://devcenter.heroku.com/articles/preboot',
    enabled: app.preboot,
    feedback_email: 'feedback@heroku.com',
    id: '00000091-89ab-4def-8123-456789abcdef',
    name: 'preboot',
    state: 'general',
    updated_at: seconds(app.createdAt),
  };
}

export function couplingBody({ pipeline }: HerokuWorld, app: App) {
  return {
    app: { id: app.id },
    created_at: offset(pipeline.createdAt),
    id: pipeline.couplings.get(app.id) ?? '',
    pipeline: { id: pipeline.id, name: pipeline.name },
    stage: app.stage,
    updated_at: offset(pipeline.createdAt),
  };
}

const generationIds = {
  cedar: '00000036-89ab-4def-8123-456789abcdef',
  fir: '00000037-89ab-4def-8123-456789abcdef',
};

export function pipelineBody({ pipeline }: HerokuWorld) {
  return {
    created_at: offset(pipeline.createdAt),
    generation: { id: generationIds[pipeline.generation], name: pipeline.generation },
    id: pipeline.id,
    name: pipeline.name,
    owner: { id: userId, type: 'user' },
    updated_at: offset(pipeline.createdAt),
  };
}

export function promotionBody(world: HerokuWorld, promotion: Promotion) {
  const { source } = promotion;
  return {
    created_at: offset(promotion.createdAt),
    id: promotion.id,
    pipeline: { id: world.pipeline.id },
    source: { app: { id: source.app.id }, release: { id: source.release.id } },
    status: isOver(promotion) ? 'completed' : 'pending',
    updated_at: promotion.updatedAt === null ? null : offset(promotion.updatedAt),
  };
}

export function targetBody(promotion: Promotion, target: PromotionTarget) {
  return {
    app: { id: target.app.id },
    error_message: target.error,
    id: target.id,
    pipeline_promotion: { id: promotion.id },
    release: target.release === null ? null : { id: target.release.id },
    status: target.status,
  };
}

export const accountBody = {
  allow_tracking: false,
  beta: false,
  created_at: '2017-01-14T18:27:05Z',
  default_organization: null,
  default_team: null,
  delinquent_at: null,
  email: 'deploy@acme.test',
  federated: false,
  id: userId,
  identity_provider: null,
  last_login: '2026-01-05T09:00:00Z',
  name: 'Deploy',
  sms_number: null,
  suspended_at: null,
  two_factor_authentication: true,
  updated_at: '2026-01-05T09:00:00Z',
  verified: true,
  country_of_residence: null,
};
