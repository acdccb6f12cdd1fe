/** Opens the hooks of a configuration, each as a channel of its own. */
import type { OpenedChannel, OpeningPorts } from '../channel-kind.ts';
import { createHook } from './channel.ts';
import { hand } from './command.ts';
import type { HookSettings, HooksSettings } from './config.ts';
import { hookName, hookTitle } from './identity.ts';
import { post } from './post.ts';
import { signingKey } from './signature.ts';

type Values = Readonly<Record<string, string | null>>;

export function open(
  hooks: HooksSettings,
  values: Values,
  ports: Pick<OpeningPorts, 'clock' | 'folder' | 'env'>,
): readonly OpenedChannel[] {
  return hooks.map((hook) => {
    const title = hookTitle(hook);
    const same = { name: hookName(hook), title, patterns: [hook.on].flat() };
    const { run, env: names = [] } = hook;
    if (run === undefined) return byUrl(hook, values, ports, same);
    const { folder, env } = ports;
    // Its program would end with what leaves an event out for good: where they are set, the event is told.
    const missing = names.filter((name) => !Object.hasOwn(env, name));
    if (missing.length > 0) return { name: same.name, title, unset: missing.join(' and ') };
    return createHook({
      ...same,
      send: (envelope, given) => hand({ line: run, folder, env, names, title }, envelope, given),
    });
  });
}

function byUrl(
  { url: written, urlFrom, secret = [] }: HookSettings,
  values: Values,
  { clock }: Pick<OpeningPorts, 'clock'>,
  same: { name: string; title: string; patterns: readonly string[] },
): OpenedChannel {
  const names = [secret].flat();
  const url = written ?? (urlFrom === undefined ? null : (values[urlFrom] ?? null));
  const missing = names.filter((name) => (values[name] ?? null) === null);
  if (url === null && urlFrom !== undefined) missing.push(urlFrom);
  if (url === null || missing.length > 0)
    return { name: same.name, title: same.title, unset: missing.join(' and ') };
  const keys = names.map((name) => signingKey(values[name] ?? '', name));
  const { title } = same;
  return createHook({
    ...same,
    send: (envelope, given) =>
      post({ url, keys, title, variable: urlFrom ?? null }, envelope.id, JSON.stringify(envelope), {
        ...given,
        clock,
      }),
  });
}
