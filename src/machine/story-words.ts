/** What the sentences of the story are made of. */
import { oneLine } from '../format/text.ts';
import type { KillSwitch, Release, Running } from './events.ts';
import type { Made } from './taken-back.ts';

export interface EventText {
  /** One line. */
  readonly headline: string;
  /** What else helps, of one or several lines: a hint, a list. */
  readonly detail: string | null;
  /** `waiting`: for a person. What waits for its turn asks nothing of anybody, and is neutral. */
  readonly tone: 'good' | 'bad' | 'neutral' | 'waiting';
}

type Tone = EventText['tone'];

/** A commit or any other long id as people know it: its first 8 characters. */
export function shortSha(sha: string): string {
  return sha.slice(0, 8);
}

export function eventText(tone: Tone, headline: string, detail: string | null = null): EventText {
  return { headline: oneLine(headline), detail, tone };
}

/** Carries a rollback out, or goes on with it. */
export const takeBack = ({ version }: Release): string =>
  `pipeline rollback ${version} --reason "…"`;

/** Gives up a rollback that was begun and not ended. */
export const giveUp = 'pipeline rollback --give-up --reason "…"';

/** The command that lets a deploy go on. */
export const resume = (deploy: string | null, joint = ' '): string =>
  deploy === null
    ? `pipeline resume${joint}with the deploy and --reason`
    : `pipeline resume ${deploy} --reason "…"`;

/** What has a deploy carried on, besides `resume`. */
export const runAgain = 'run its CI job or command again';

/** What a person can do about a deploy that no run carries on. */
export const carryOn = (deploy: string): string =>
  `No run carries it on: ${runAgain}, or: ${resume(deploy)}`;

export function buildName(label: string, commit: string): string {
  return `build ${label} (${shortSha(commit)})`;
}

/** `v41, 0f0a53bc`. */
export function runs({ version, commit }: Running): string {
  const release = version === null ? 'no release' : version;
  return `${release}, ${commit === null ? 'of an unknown commit' : shortSha(commit)}`;
}

/** A person who ordered something, as claimed and as seen. */
export function namedPerson({ actor, observed }: { actor: string; observed: string }): string {
  return `${oneLine(actor)} (${oneLine(observed)})`;
}

export function because(person: { actor: string; observed: string; reason: string }): string {
  return `${namedPerson(person)}: ${oneLine(person.reason)}`;
}

export function switchState({ state, why }: KillSwitch): string {
  if (state !== 'another value') return state;
  return `not the word true${why === null ? '' : ` (${why})`}`;
}

/** ` (36a8583b)`; empty where nothing tells the commit. */
export const inBrackets = (commit: string | null): string =>
  commit === null ? '' : ` (${shortSha(commit)})`;

/**
 * What came of a rollback that was given up, as a clause.
 *
 * @param made undefined: nobody looked; null: nothing
 */
export function cameOfGivenUp(made: Made | null | undefined): string {
  if (made === undefined) return 'what came of it before is not on record';
  if (made === null) return 'it had made no release';
  const { release, commit, runs } = made;
  return runs
    ? `its release ${release.version}${inBrackets(commit)} runs, not verified`
    : `its release ${release.version} did not come to run`;
}
