/** GitHub's people, repositories, commits and files, as answers show them (GitHub REST API, Commits). */
import { createHash } from 'node:crypto';
import type { ChangedFile, GitCommit } from './git.ts';

/** Where answers point: which repository they are of, and how it is reached. */
export interface Place {
  readonly owner: string;
  readonly name: string;
  /** GitHub's number for it; the same for a name every time. */
  readonly id: number;
  /** The API's own origin, with the repository: `http://…/repos/acme/web`. */
  readonly api: string;
  /** `https://github.com/acme/web`. */
  readonly html: string;
}

export function placeOf(url: string, owner: string, name: string): Place {
  const full = `${owner}/${name}`;
  return {
    owner,
    name,
    id: createHash('sha256').update(full.toLowerCase()).digest().readUInt32BE() >>> 1,
    api: `${new URL(url).origin}/repos/${full}`,
    html: `https://github.com/${full}`,
  };
}

export const nodeId = (kind: string, id: string | number): string =>
  Buffer.from(`0${kind.length}:${kind}${id}`).toString('base64');

export const actor = 'ana';

/** @param api the URL of anything in the API */
export function userBody(login: string, api: string) {
  const url = `${new URL(api).origin}/users/${login}`;
  return {
    login,
    id: 1,
    node_id: nodeId('User', 1),
    avatar_url: 'https://avatars.githubusercontent.com/u/1',
    gravatar_id: '',
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: 'User',
    site_admin: false,
  };
}

/** Of each link that a repository has: what comes after the repository's own URL. */
const repositoryLinks: Readonly<Record<string, string>> = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
};

export function repositoryBody({ owner, name, id, api, html }: Place) {
  const links = Object.entries(repositoryLinks).map(([key, path]) => [key, api + path]);
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: `${owner}/${name}`,
    owner: userBody(owner, api),
    private: true,
    html_url: html,
    description: null,
    fork: false,
    url: api,
    ...(Object.fromEntries(links) as Record<string, string>),
  };
}

export function commitBody(place: Place, one: GitCommit) {
  const { api, html } = place;
  const { sha, tree, message, author, committer, parents } = one;
  const unsigned = {
    verified: false,
    reason: 'unsigned',
    payload: null,
    signature: null,
    verified_at: null,
  };
  return {
    url: `${api}/commits/${sha}`,
    sha,
    node_id: nodeId('Commit', sha),
    html_url: `${html}/commit/${sha}`,
    comments_url: `${api}/commits/${sha}/comments`,
    commit: {
      url: `${api}/git/commits/${sha}`,
      author,
      committer,
      message,
      comment_count: 0,
      tree: { sha: tree, url: `${api}/git/trees/${tree}` },
      verification: unsigned,
    },
    author: null,
    committer: null,
    parents: parents.map((parent) => ({
      sha: parent,
      url: `${api}/commits/${parent}`,
      html_url: `${html}/commit/${parent}`,
    })),
  };
}

/** Without `patch`, which GitHub leaves out of large files too. */
export function fileBody({ api, html }: Place, commit: string, file: ChangedFile) {
  const { sha, filename, status, additions, deletions, from } = file;
  const path = filename.split('/').map(encodeURIComponent).join('/');
  return {
    sha,
    filename,
    status,
    additions,
    deletions,
    changes: additions + deletions,
    blob_url: `${html}/blob/${commit}/${path}`,
    raw_url: `${html}/raw/${commit}/${path}`,
    contents_url: `${api}/contents/${path}?ref=${commit}`,
    ...(from === undefined ? {} : { previous_filename: from }),
  };
}
