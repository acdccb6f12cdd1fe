/** What a repository tells of itself: its names, how it is tested, where it is healthy, what its CI does already. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readClone } from '../../effects/git/clone.ts';
import type { Repository } from '../../effects/git/repository.ts';

/** A file of the CI's configuration, by its path from the root. */
export interface CiFile {
  readonly path: string;
  readonly text: string;
}

export type CiName = 'circleci' | 'github';

export interface RepositoryFacts {
  readonly root: string;
  /** Of the repository, or of its folder. */
  readonly name: string;
  /** `https://github.com/acme/web`; null where the remote is no such address. */
  readonly webUrl: string | null;
  /** As the clone has it of its remote; null: it was not told. */
  readonly defaultBranch: string | null;
  /** Null where a commit is checked out, and no branch. */
  readonly checkedOut: string | null;
  readonly hasCommits: boolean;
  readonly isShallow: boolean;
  /** A path that answers 200 where the app is well. */
  readonly healthPath: string;
  readonly language: 'ruby' | 'node' | null;
  /** How Lockstep is installed: with the app's own packages, or in a folder of its own; null: not yet. */
  readonly installed: 'package' | 'folder' | null;
  readonly hasPackageJson: boolean;
  readonly circleci: CiFile | null;
  readonly workflows: readonly CiFile[];
  /** What is there of the other files that a set-up writes. */
  readonly pipelineFile: string | null;
  readonly gitignore: string | null;
}

/** Where Lockstep is installed in a repository that has no packages of Node. */
export const ownFolder = '.lockstep';

const fileBytesMax = 1024 * 1024;

export async function readFacts(
  repository: Repository,
  env: NodeJS.ProcessEnv,
): Promise<RepositoryFacts> {
  const { root } = repository;
  const [clone, remote, checkedOut] = await Promise.all([
    readClone(root, env),
    repository.remoteUrl(),
    repository.branch(),
  ]);
  const read = (path: string) => readText(join(root, path));
  const webUrl = webUrlOf(remote);
  const [packageJson, gemfile] = [read('package.json'), read('Gemfile')];
  const config = read('.circleci/config.yml');
  return {
    root,
    name: laneName(webUrl?.split('/').at(-1) ?? basename(root)),
    webUrl,
    defaultBranch: clone.defaultBranch,
    checkedOut,
    hasCommits: clone.hasCommits,
    isShallow: clone.isShallow,
    healthPath: healthPathOf(read('config/routes.rb') ?? ''),
    language: gemfile !== null ? 'ruby' : testsOf(packageJson) ? 'node' : null,
    installed: installedIn(packageJson)
      ? 'package'
      : installedIn(read(`${ownFolder}/package.json`))
        ? 'folder'
        : null,
    hasPackageJson: packageJson !== null,
    circleci: config === null ? null : { path: '.circleci/config.yml', text: config },
    workflows: workflowsOf(root),
    pipelineFile: read('pipeline.yml'),
    gitignore: read('.gitignore'),
  };
}

/** Null where there is no such file, or one that no person wrote. */
function readText(path: string): string | null {
  try {
    return statSync(path).size > fileBytesMax ? null : readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function workflowsOf(root: string): CiFile[] {
  const folder = '.github/workflows';
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : [];
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name) => {
      const path = `${folder}/${name}`;
      const text = readText(join(root, path));
      return text === null ? [] : [{ path, text }];
    });
}

/** Of `git@github.com:acme/web.git` or `https://github.com/acme/web.git`. */
export function webUrlOf(remote: string | null): string | null {
  const [, host, path] =
    /^(?:https?:\/\/|ssh:\/\/git@|git@)([^/:]+)(?::\d+)?[/:]([\w.-]+\/[\w./-]+?)(?:\.git)?\/?$/.exec(
      remote ?? '',
    ) ?? [];
  return host === undefined || path === undefined ? null : `https://${host}/${path}`;
}

/** As `app` in `pipeline.yml` may be written. */
export function laneName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return clean.slice(0, 63) || 'app';
}

/** Rails draws `get "up" => "rails/health#show"` into new applications. */
function healthPathOf(routes: string): string {
  const line = routes
    .split('\n')
    .find((one) => !/^\s*#/.test(one) && one.includes('rails/health#show'));
  const path = /get\s*\(?\s*["']\/?([\w/-]+)["']/.exec(line ?? '')?.[1];
  return path === undefined ? '/' : `/${path}`;
}

interface PackageJson {
  readonly scripts?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, unknown>>;
  readonly devDependencies?: Readonly<Record<string, unknown>>;
}

function parsed(text: string | null): PackageJson {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const testsOf = (text: string | null): boolean => typeof parsed(text).scripts?.test === 'string';
function installedIn(text: string | null): boolean {
  const { dependencies, devDependencies } = parsed(text);
  return [dependencies, devDependencies].some((all) => all?.lockstep !== undefined);
}
