/** Tells GitHub Actions of a run that has ended, where it is one of its jobs. Nothing of it changes how the job ends. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, statSync } from 'node:fs';
import { redact, redactAll } from '../../redaction/gate.ts';
import { domainEvent, ifReadable, stateAfter } from '../../runtime/log/recorded.ts';
import { deployStream } from '../../runtime/log/streams.ts';
import type { EventLog } from '../../store/log.ts';
import { outputLines, summaryBytesMax } from '../ci/actions.ts';
import { annotationOf, outputsOf, type ToldEvent, type ToldRun } from '../ci/told-run.ts';
import { jobSummary } from '../render/job-summary.ts';
import type { Terminal } from '../render/terminal.ts';

export interface ActionsReport {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Pick<Terminal, 'annotate'>;
  readonly notice: (line: string) => void;
}

export async function reportToActions(
  log: EventLog,
  run: Omit<ToldRun, 'events'>,
  { env, terminal, notice }: ActionsReport,
): Promise<void> {
  if ((env.GITHUB_ACTIONS ?? '') === '') return;
  const [first, ...rest] = await toldEvents(log, run.deploy);
  if (first === undefined) return;
  const told: ToldRun = { ...run, events: [first, ...rest] };
  append(env.GITHUB_OUTPUT, notice, () => outputLines(outputsOf(told), newDelimiter));
  append(env.GITHUB_STEP_SUMMARY, notice, (before) => {
    return redact(jobSummary(told, summaryBytesMax - before));
  });
  const annotation = annotationOf(told);
  if (annotation !== null) terminal.annotate(annotation);
}

async function toldEvents(log: EventLog, deploy: string): Promise<ToldEvent[]> {
  const events = await log.readStream(deployStream(deploy));
  return events.flatMap((one) => {
    // What a newer version wrote, that one can tell.
    const event = ifReadable(() => domainEvent(one));
    return event === null
      ? []
      : [{ event: redactAll(event), time: one.time, state: stateAfter(one) }];
  });
}

const newDelimiter = (): string => `lockstep-${randomUUID()}`;

/** @param write given how many bytes the file has already */
function append(
  file: string | undefined,
  notice: (line: string) => void,
  write: (before: number) => string,
): void {
  if (file === undefined || file === '') return;
  try {
    const before = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    appendFileSync(file, write(before));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    notice(`GitHub Actions is not told of this run: ${why}`);
  }
}
