/** Carries the checks of a check-up out, side by side, each bounded in time. */
import type { Diagnosis, Finding } from '../../effects/diagnosis.ts';
import { unknown } from '../../effects/diagnosis.ts';
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';

export interface Examined extends Pick<Diagnosis, 'id' | 'subject' | 'why'> {
  readonly findings: readonly Finding[];
}

/** How long one check may take; the others do not wait for it. */
export const checkMs = 15_000;

/** In the order of the checks. A check that does not apply is left out; one that could not be asked is `unknown`. */
export async function examine(
  checks: readonly Diagnosis[],
  timeoutMs: number = checkMs,
): Promise<Examined[]> {
  const all = checks.map(async ({ id, subject, why, look }): Promise<Examined> => {
    const findings = await within(timeoutMs, look);
    return { id, subject, why, findings };
  });
  return (await Promise.all(all)).filter(({ findings }) => findings.length > 0);
}

async function within(ms: number, look: Diagnosis['look']): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((end) => {
    const late = () => end([unknown(`no answer within ${formatDuration(ms)}`, again)]);
    timer = setTimeout(late, ms);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    return [unknown(messageOf(error), hintOf(error))];
  } finally {
    clearTimeout(timer);
  }
}

const again = 'Run it again; if it stays so, look by yourself.';

const hintOf = (error: unknown): string | null =>
  error instanceof LockstepError ? (error.hint ?? null) : null;

function messageOf(error: unknown): string {
  if (error instanceof LockstepError) return error.message;
  if (error instanceof Error && /^(Timeout|Abort)Error$/.test(error.name))
    return 'no answer in time';
  throw error;
}

/** Whether a deploy would break, or ship what nobody meant. */
export const isBroken = (examined: readonly Examined[]): boolean =>
  examined.some(({ findings }) => findings.some(({ verdict }) => verdict === 'error'));
