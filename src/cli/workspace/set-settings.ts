/** `--set lock.timeout=10m`: a deploy's settings as they would be. */
import { UsageError } from '../../errors/error.ts';
import { parseDuration } from '../../format/duration.ts';
import { nearest } from '../../format/nearest.ts';
import { type Settings, settingsSchema } from '../../machine/events.ts';

export interface SettingChange {
  readonly path: readonly string[];
  /** As it was written. */
  readonly text: string;
}

/** @throws UsageError E_USAGE */
export function parseSetting(argument: string): SettingChange {
  const [, path, text] = /^([\w.]+)=(.*)$/s.exec(argument) ?? [];
  if (path !== undefined && text !== undefined) return { path: path.split('.'), text };
  throw new UsageError('E_USAGE', `--set takes a setting and its value, not ${argument}`, {
    hint: 'pipeline whatif --set gates.stuckExit=0 --set staging.bake=10m; docs/whatif.md',
  });
}

/** What a deploy does not have (a canary, say) is not changed. @throws UsageError E_USAGE no such setting, or no such value */
export function withSettings(settings: Settings, changes: readonly SettingChange[]): Settings {
  const changed = structuredClone(settings) as Settings;
  for (const { path, text } of changes) {
    const place = placeOf(changed, path);
    if (place === null) continue;
    const { of, name } = place;
    of[name] = name.endsWith('Ms') ? (parseDuration(text) ?? jsonOrText(text)) : jsonOrText(text);
  }
  const { data, error } = settingsSchema.safeParse(changed);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new UsageError('E_USAGE', `--set ${issue?.path.join('.')}: ${issue?.message}`, {
    hint: 'A duration is written like 90s or 10m, anything else as JSON has it; docs/whatif.md',
  });
}

type Place = Record<string, unknown>;

/** Null: this deploy has nothing there. @throws UsageError E_USAGE */
function placeOf(settings: Settings, path: readonly string[]): { of: Place; name: string } | null {
  let of = settings as unknown as Place;
  for (const [at, part] of path.entries()) {
    const known = Object.keys(of);
    const name = known.includes(part) ? part : `${part}Ms`;
    if (!known.includes(name)) throw noSetting(path, at, known);
    if (at === path.length - 1) return { of, name };
    const inner = of[name];
    if (inner === null) return null;
    if (typeof inner !== 'object') throw noSetting(path, at + 1, []);
    of = inner as Place;
  }
  return null;
}

function noSetting(path: readonly string[], at: number, known: readonly string[]): UsageError {
  const names = known.map((name) => name.replace(/Ms$/, ''));
  const meant = nearest(path[at] ?? '', names);
  const hint =
    meant === null
      ? `There are: ${names.join(', ') || 'none in it'}.`
      : `Did you mean ${[...path.slice(0, at), meant].join('.')}?`;
  return new UsageError('E_USAGE', `a deploy has no setting ${path.join('.')}`, { hint });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
