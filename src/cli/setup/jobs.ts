/** What a CI's job does, whichever CI it is: how Lockstep comes into it, how it is run, and how the app is tested. */
import type { SetupChannel } from './answers.ts';
import { ownFolder, type RepositoryFacts } from './facts.ts';

/** Where a repository has no packages of Node, Lockstep is in a folder of its own. */
const isInFolder = ({ installed, hasPackageJson }: RepositoryFacts): boolean =>
  installed === 'folder' || (installed === null && !hasPackageJson);

export const installCommand = (facts: RepositoryFacts): string =>
  isInFolder(facts) ? `npm ci --prefix ${ownFolder}` : 'npm ci';

/** `exec`: the shell gives its place to Lockstep, so that the signal of a cancelled job arrives. */
export const advanceCommand = (facts: RepositoryFacts): string =>
  `exec ${programOf(facts)} advance`;

/** How people call it in this repository. */
export const programOf = (facts: RepositoryFacts): string =>
  isInFolder(facts) ? `${ownFolder}/node_modules/.bin/lockstep` : 'npx --no lockstep';

export interface TestJob {
  /** Commands, in order. */
  readonly commands: readonly string[];
  readonly isFound: boolean;
}

export function testJobOf({ language }: RepositoryFacts): TestJob {
  if (language === 'ruby')
    return { commands: ['bundle install', 'bundle exec rake'], isFound: true };
  if (language === 'node') return { commands: ['npm ci', 'npm test'], isFound: true };
  return { commands: ["echo 'Put the commands that test this app here.'"], isFound: false };
}

export const nodeImage = 'cimg/node:24.11';
export const rubyImage = 'cimg/ruby:3.4';

/** What a job needs, by name: the first two and the tokens are secrets. */
export const variablesOf = (
  tokens: readonly string[],
  channel: SetupChannel | null,
): readonly string[] => ['PIPELINE_STORE', ...tokens, ...(channel === null ? [] : [channel.token])];

/** One deploy at a time, before a job begins: what waits there costs no runner. */
export const serialName = (app: string): string => `${app}-deploy`;

/** Jobs and steps of a CI that seem to deploy: two that deploy to one place overtake each other. */
export function looksLikeDeploy(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return ['deploy', 'release', ...words].some((word) => lower.includes(word));
}
const advances = /\b(lockstep|pipeline)\b[^\n]*\badvance\b/;
/** A step by the action, under whatever name its repository has. */
export const isAction = (uses: string): boolean => /(^|\/)lockstep(\/[^@]*)?@/.test(uses);
/** A job of the orb, under whatever name it is imported. */
export const isOrbJob = (job: string, orbs: Readonly<Record<string, unknown>>): boolean => {
  const [orb = '', name] = job.split('/');
  return name === 'deploy' && /(^|\/)lockstep(@|$)/.test(String(orbs[orb] ?? ''));
};

export const runsLockstep = (text: string): boolean =>
  advances.test(text) ||
  /^\s*(- )?uses: *\S*\blockstep\S*@/m.test(text) ||
  (/\blockstep@/.test(text) && /^\s*- [\w-]+\/deploy\b/m.test(text));
