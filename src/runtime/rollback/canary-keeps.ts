/** Whether the canary still runs what production was taken back from: a rollback writes to production alone. */
import type { Ports } from '../../effects/ports.ts';
import type { Observed, Target } from '../../effects/targets/target.ts';

export interface CanaryKeeps {
  /** As people call it there. */
  readonly target: string;
  /** What it runs; null: it could not be asked, and may run that. */
  readonly version: string | null;
  /** The full id of what production was taken back from; null: nothing tells. */
  readonly commit: string | null;
  /** What other code ran there before that; null: none did, or it is not known. */
  readonly before: string | null;
  /** Takes it back to that; null: each host has its own way, or there is nothing to go back to. */
  readonly command: string | null;
}

/**
 * Null: there is no canary, or it runs something else. Production was taken back already: nobody waits long for this.
 *
 * @param commit what production was taken back from; null: it is not known
 */
export async function canaryKeeps(
  canary: Target | null,
  commit: string | null,
  ports: Ports,
): Promise<CanaryKeeps | null> {
  if (canary === null) return null;
  const { settings, hints } = canary;
  const same = { target: settings.name, commit };
  const untold = { ...same, version: null, before: null, command: hints.goBack?.(null) ?? null };
  if (!canary.isReadable || commit === null) return untold;
  const seen = await observedSoon(canary, ports).catch(() => null);
  if (seen === null) return untold;
  const { running } = seen;
  if (running === null || running.artifact.commit !== commit) return null;
  const before = seen.before?.release.version ?? null;
  const command = before === null ? null : (hints.goBack?.(before) ?? null);
  return { ...same, version: running.release.version, before, command };
}

const withinMs = 10_000;

async function observedSoon(canary: Target, ports: Ports): Promise<Observed> {
  const { clock, signal } = ports;
  const late = new AbortController();
  const over = new AbortController();
  clock.sleep(withinMs, over.signal).then(
    () => late.abort(new Error('it is not waited for any longer')),
    () => {},
  );
  try {
    return await canary.observe({ ...ports, signal: AbortSignal.any([signal, late.signal]) });
  } finally {
    over.abort();
  }
}
