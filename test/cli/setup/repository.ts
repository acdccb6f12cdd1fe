/** A repository and answers for set-ups: what a test does not name is as in a new repository of a small team. */
import type { Answers } from '../../../src/cli/setup/answers.ts';
import type { RepositoryFacts } from '../../../src/cli/setup/facts.ts';

export const facts = (given: Partial<RepositoryFacts> = {}): RepositoryFacts => ({
  root: '/srv/web',
  name: 'web',
  webUrl: 'https://github.com/acme/web',
  defaultBranch: 'main',
  checkedOut: 'main',
  hasCommits: true,
  isShallow: false,
  healthPath: '/up',
  language: 'ruby',
  installed: 'folder',
  hasPackageJson: false,
  circleci: null,
  workflows: [],
  pipelineFile: null,
  gitignore: null,
  ...given,
});

const place = (app: string) => ({
  settings: { app },
  url: `https://${app}.herokuapp.com/`,
  endpoint: `https://${app}.herokuapp.com/up`,
  tellsInstances: true,
});

export const answers = (given: Partial<Answers> = {}): Answers => ({
  app: 'web',
  branch: 'main',
  repository: 'https://github.com/acme/web',
  kind: 'heroku',
  instances: 'dynos',
  staging: place('acme-staging'),
  production: place('acme-production'),
  ci: 'circleci',
  channel: null,
  todo: [],
  deployWords: ['heroku', 'kubectl'],
  tokens: ['HEROKU_API_KEY'],
  ...given,
});
