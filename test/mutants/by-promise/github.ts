/** GitHub: what a deploy shows there, once each, and only what is so. */
import type { Mutant } from '../mutant.ts';

const promise = 'GitHub shows what became of a deploy';
const channel = 'test/channels/github.test.ts';
const once = `${channel} › everything once, whichever of its writes meets a`;
const deployments = 'src/effects/channels/github/deployments.ts';
const telling = 'src/effects/channels/github/channel.ts';

export const gitHubMutants: readonly Mutant[] = [
  {
    id: 'a-deployment-is-not-looked-for',
    promise,
    file: deployments,
    symbol: 'create',
    code: 'if (found !== null) return found;',
    by: '',
    noticedBy: once,
  },
  {
    id: 'a-status-is-not-looked-for',
    promise,
    file: deployments,
    symbol: 'setStatus',
    code: 'if (now?.state === status.state && now.description === status.description) return;',
    by: '',
    noticedBy: once,
  },
  {
    id: 'a-comment-is-not-looked-for',
    promise,
    file: telling,
    symbol: '#comment',
    code: 'if (await api.hasComment(one.number, mark, this.#ports)) return true;',
    by: '',
    noticedBy: `${channel} › one comment on each pull request`,
  },
  {
    id: 'a-pull-requests-deployment-is-the-newest',
    promise,
    file: telling,
    symbol: 'show',
    code: 'await this.#create(own, this.#own(environment));',
    by: '',
    noticedBy: `${channel} › the commit and each pull request that it carried as deployed to production`,
  },
  {
    id: 'a-missing-right-is-said-at-every-event',
    promise,
    file: 'src/effects/channels/github/rights.ts',
    symbol: 'use',
    code: 'this.#lacking.add(right);',
    by: '',
    noticedBy: `${channel} › less, and says so in one line, without the right to`,
  },
  {
    id: 'a-rollback-that-changed-nothing-takes-the-deployment-back',
    promise,
    file: 'src/effects/channels/github/plan.ts',
    symbol: 'takenBackTo',
    code: '(goingBackIn(event)?.commit ?? null)',
    by: '(event.data.rollback as { commit?: string }).commit ?? null',
    noticedBy: `${channel} › which changed nothing`,
  },
  {
    id: 'github-merges-before-it-deploys',
    promise,
    file: 'src/effects/channels/github/api.ts',
    symbol: 'createGitHubApi',
    code: '...{ auto_merge: false, required_contexts: [] },',
    by: '',
    noticedBy: `${channel} › asks GitHub to deploy that commit and no other`,
  },
  {
    id: 'an-output-ends-at-its-own-line',
    promise,
    file: 'src/cli/ci/actions.ts',
    symbol: 'outputLines',
    code: "while (value.split('\\n').includes(delimiter)) delimiter = newDelimiter();",
    by: '',
    noticedBy:
      'test/cli/ci/actions.test.ts › are given another delimiter where a value has the first one in it',
  },
  {
    id: 'a-title-is-markdown',
    promise,
    file: 'src/format/markdown.ts',
    symbol: 'markdownText',
    code: "return oneLine(text).replace(/[!-/:-@[-`{-~]/g, '\\\\$&');",
    by: 'return oneLine(text);',
    noticedBy:
      'test/cli/ci/actions.test.ts › has a summary of the same lines whatever titles, authors and answers are called',
  },
  {
    id: 'an-annotation-is-several-lines',
    promise,
    file: 'src/cli/ci/actions.ts',
    symbol: 'annotationLine',
    code: '${data(cut(message, messageMax))}',
    by: '${cut(message, messageMax)}',
    noticedBy: 'test/cli/ci/actions.test.ts › is one line and one command, whatever it says',
  },
  {
    id: 'a-comment-that-was-not-taken-counts',
    promise: promise,
    file: 'src/effects/channels/github/channel.ts',
    symbol: '#comment',
    code: 'one.isCommented = said === true;',
    by: 'one.isCommented = true;',
    noticedBy: `${channel} › a comment that GitHub did not take`,
  },
  {
    id: 'one-unknown-commit-is-a-right-that-lacks',
    promise: promise,
    file: 'src/effects/channels/github/rights.ts',
    symbol: 'use',
    code: 'if (error.status === 403) {',
    by: 'if (error.status === 403 || error.status === 404) {',
    noticedBy: `${channel} › where GitHub does not know one commit`,
  },
  {
    id: 'a-pull-request-that-the-commit-ends-is-shown-twice',
    promise: promise,
    file: 'src/effects/channels/github/channel.ts',
    symbol: '#carried',
    code: 'this.#deploy.carried.filter(({ sha }) => sha !== commit.sha)',
    by: 'this.#deploy.carried',
    noticedBy: `${channel} › that the commit itself ends`,
  },
];
