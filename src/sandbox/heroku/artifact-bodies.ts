/** What a build makes as the Platform API shows it: a slug, or on Fir an OCI image (Platform API reference, Slug, OCI Image). */
import { hash } from 'node:crypto';
import type { Slug, Stack } from './state.ts';

/** `2026-01-05T09:58:10Z`, as apps, builds, releases and dynos have it. */
export const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
/** `2026-01-05T10:20:00+00:00`, as pipelines and promotions have it. */
export const offset = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
const stackIds: Readonly<Record<Stack, string>> = {
  'heroku-24': '00000031-89ab-4def-8123-456789abcdef',
  cnb: '00000033-89ab-4def-8123-456789abcdef',
  container: '00000038-89ab-4def-8123-456789abcdef',
};
export const stackBody = (name: Stack) => ({ id: stackIds[name], name });
export const baseImage = 'heroku/heroku:24-cnb';
export const cloudNativeBuildpacks = [
  {
    id: 'heroku/ruby',
    version: '2.0.0',
    homepage: 'https://github.com/heroku/buildpacks-ruby',
  },
];

export function slugBody(slug: Slug, blobs: string) {
  return {
    blob: { method: 'get', url: `${blobs}/slugs/${slug.id}.tgz` },
    buildpack_provided_description: 'Ruby',
    checksum: `SHA256:${'0'.repeat(64)}`,
    commit: slug.commit,
    commit_description: null,
    created_at: seconds(slug.createdAt),
    id: slug.id,
    process_types: { web: 'bundle exec puma -C config/puma.rb' },
    size: 72_552_521,
    stack: stackBody('heroku-24'),
    updated_at: seconds(slug.createdAt),
  };
}

const digestOf = (text: string): string => `sha256:${hash('sha256', text)}`;

/** As `GET /apps/{app}/oci-images/{id}` lists it: one entry for each architecture. */
export function imageBody(image: Slug) {
  const { id, commit, createdAt } = image;
  return {
    architecture: 'arm64',
    base_image_name: baseImage,
    base_top_layer: digestOf('base'),
    buildpacks: cloudNativeBuildpacks,
    commit: commit ?? '',
    commit_description: '',
    created_at: seconds(createdAt),
    digest: imageDigest(image),
    id,
    image_repo: '00000035-89ab-4def-8123-456789abcdef/builds',
    process_types: {
      web: {
        name: 'web',
        display_cmd: 'bundle exec puma -C config/puma.rb',
        command: '/cnb/process/web',
        working_dir: '/workspace',
        default: true,
      },
    },
    stack: stackBody('cnb'),
    updated_at: seconds(createdAt),
  };
}

export const imageDigest = ({ original }: Slug): string => digestOf(original);
