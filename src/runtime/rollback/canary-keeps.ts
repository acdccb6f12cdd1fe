/** Whether the canary still runs what production was taken back from: a rollback writes to production alone. */
import type { Ports } from '../../effects/ports.ts';
import type { Target } from '../../effects/targets/target.ts';

export interface CanaryKeeps {
  /** As people call it there. */
  readonly target: string;
  /** What it runs; null: it could not be asked, and may run that. */
  readonly version: string | null;
  /** The full id of what production was taken back from; null: nothing tells. */
  readonly commit: string | null;
  /** Takes it back; null: each host has its own way. */
  readonly command: string | null;
}

/** Null: there is no canary, or it runs something else. @param commit what production was taken back from; null: it is not known */
export async function canaryKeeps(
  canary: Target | null,
  commit: string | null,
  ports: Ports,
): Promise<CanaryKeeps | null> {
  if (canary === null) return null;
  const { settings, hints } = canary;
  const same = { target: settings.name, commit, command: hints.goBack };
  if (!canary.isReadable || commit === null) return { ...same, version: null };
  const seen = await canary.observe(ports).catch(() => 'untold' as const);
  if (seen === 'untold') return { ...same, version: null };
  const { running } = seen;
  if (running === null || running.artifact.commit !== commit) return null;
  return { ...same, version: running.release.version };
}
