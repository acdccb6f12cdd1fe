/**
 * What an OAuth token may do: each answer tells what the token has and what the call takes (Heroku Dev Center, OAuth;
 * the headers are those of recorded answers).
 */
import type { HonoRequest } from 'hono';
import { Refused } from './answers.ts';
import type { HerokuWorld } from './world.ts';

const reads = ['global', 'read', 'read-protected', 'write', 'write-protected'];
const readsSecrets = ['global', 'read-protected', 'write-protected'];
const writes = ['global', 'write', 'write-protected'];
const readsAccount = ['global', 'identity'];

function accepted({ method, path }: HonoRequest): readonly string[] {
  if (path === '/account') return readsAccount;
  if (path.endsWith('/config-vars')) {
    return method === 'GET' ? readsSecrets : ['global', 'write-protected'];
  }
  return method === 'GET' ? reads : writes;
}

export function scopeHeaders(
  request: HonoRequest,
  { tokenScope }: HerokuWorld,
): readonly (readonly [string, string])[] {
  return [
    ['oauth-scope', tokenScope.join(' ')],
    ['oauth-scope-accepted', accepted(request).join(' ')],
  ];
}

/** @throws Refused 403 */
export function refuseOutOfScope(request: HonoRequest, { tokenScope }: HerokuWorld): void {
  if (accepted(request).some((scope) => tokenScope.includes(scope))) return;
  const message =
    'request not authorized, provided credentials do not provide access to specified resource';
  throw new Refused(403, 'forbidden', message);
}
