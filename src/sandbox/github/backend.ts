/** What the parts of GitHub's stand-in share: the routes they add to, how they answer, whose repository it is. */
import type { Context, Hono } from 'hono';
import type { GitHubAnswers } from './answers.ts';
import type { Place } from './bodies.ts';
import type { GitRepository } from './git.ts';
import type { Permissions } from './permissions.ts';

export interface GitHubBackend {
  readonly hono: Hono;
  readonly answers: GitHubAnswers;
  readonly permissions: Permissions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The repository that a request names. */
  readonly place: (c: Context) => Place;
  /** The real one behind it, by whatever name it is asked for; null where there is none. */
  readonly repository: () => GitRepository | null;
}
