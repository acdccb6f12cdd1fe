/**
 * What GitHub's token may do. Like the `permissions` of a workflow: what is not taken away is granted. A call without its
 * permission is refused as GitHub refuses it (GitHub REST API, Permissions required for fine-grained tokens).
 */
import type { Context, MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { GitHubAnswers } from './answers.ts';

const level = z.enum(['none', 'read', 'write']);

export const permissionVerb = z.strictObject({
  deployments: level.optional(),
  'pull-requests': level.optional(),
  'artifact-metadata': level.optional(),
});

export type Permission = keyof z.output<typeof permissionVerb>;
type Level = z.output<typeof level>;

const order: readonly Level[] = ['none', 'read', 'write'];

export class Permissions {
  #levels: z.output<typeof permissionVerb> = {};

  reset(): void {
    this.#levels = {};
  }

  /** What is not named stays as it is. */
  set(given: z.input<typeof permissionVerb>): void {
    this.#levels = { ...this.#levels, ...permissionVerb.parse(given) };
  }

  has(permission: Permission, wanted: Level): boolean {
    const { [permission]: granted = 'write' } = this.#levels;
    return order.indexOf(granted) >= order.indexOf(wanted);
  }
}

/** Lets through what the token may do: reads with `read`, everything else with `write`. */
export function needs(
  permission: Permission,
  { permissions, answers }: { permissions: Permissions; answers: GitHubAnswers },
): MiddlewareHandler {
  return async (c: Context, next) => {
    const wanted = c.req.method === 'GET' ? 'read' : 'write';
    if (permissions.has(permission, wanted)) return next();
    const refused = answers.refuse(c, 403, 'Resource not accessible by integration');
    const accepted = `${permission.replaceAll('-', '_')}=${wanted}`;
    refused.headers.set('x-accepted-github-permissions', accepted);
    return refused;
  };
}
