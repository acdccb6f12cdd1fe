/** What a workflow of GitHub Actions says (docs.github.com, workflow syntax). */
import { parse } from 'yaml';

export interface WorkflowJob {
  readonly needs?: string | string[];
  readonly if?: unknown;
  readonly concurrency?: unknown;
  readonly permissions?: unknown;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly steps?: readonly WorkflowStep[];
}

export interface WorkflowStep {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly run?: string;
  readonly env?: Readonly<Record<string, unknown>>;
}

export interface Workflow {
  readonly on?: unknown;
  readonly concurrency?: unknown;
  readonly permissions?: unknown;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly jobs?: Readonly<Record<string, WorkflowJob>>;
}

/** Null: it is no workflow that can be read. */
export function readWorkflow(text: string): Workflow | null {
  try {
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null ? (value as Workflow) : null;
  } catch {
    return null;
  }
}

export interface Push {
  readonly branches?: unknown;
  readonly 'branches-ignore'?: unknown;
  readonly paths?: unknown;
  readonly 'paths-ignore'?: unknown;
}

/** What it says of an event, such as `push`; null: the event does not start it. */
export function eventOf(on: unknown, name: string): Push | null {
  if (on === name || (Array.isArray(on) && on.includes(name))) return {};
  if (typeof on !== 'object' || on === null || !(name in on)) return null;
  return ((on as Readonly<Record<string, unknown>>)[name] as Push | null) ?? {};
}

/** Whether a newer run ends one that is under way: also where an expression decides. */
export const cancels = (concurrency: unknown): boolean =>
  typeof concurrency === 'object' &&
  concurrency !== null &&
  !['undefined', 'false'].includes(
    String((concurrency as { 'cancel-in-progress'?: unknown })['cancel-in-progress']),
  );
