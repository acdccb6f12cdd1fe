/** By what a hook is known, wherever it stands in the list: its place in the log is kept under this. */
import { createHash } from 'node:crypto';

/** What of a hook's settings says where its events go. */
export interface HookTarget {
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly urlFrom?: string | undefined;
  readonly run?: string | undefined;
}

/** Its own name, or a digest of its target: `hooks/page`, `hooks/0-1f3a9c2b7d11`, which no name looks like. */
export function hookName(hook: HookTarget): string {
  return `hooks/${hook.name ?? `0-${digestOf(hook)}`}`;
}

/** For people: `hook page`, or its target. */
export function hookTitle({ name, url, urlFrom, run }: HookTarget): string {
  const target = url?.replace(/^https?:\/\/|\?.*$/g, '') ?? urlFrom ?? run ?? '';
  const shown = target.trim().replace(/\s+/g, ' ');
  return `hook ${name ?? (shown.length > titleMax ? `${shown.slice(0, titleMax)}…` : shown)}`;
}

const titleMax = 60;

/** Of a URL from the environment only the variable's name goes in: of a secret not even a digest is kept. */
function digestOf({ url, urlFrom, run }: HookTarget): string {
  const target = JSON.stringify([url ?? null, urlFrom ?? null, run ?? null]);
  return createHash('sha256').update(target).digest('hex').slice(0, 12);
}
