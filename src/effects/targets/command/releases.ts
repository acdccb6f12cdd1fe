/** The list of releases that `current` gives: checked as a whole, for what is missing in it must not look like nothing. */
import type { Artifact, Release, Work } from '../../../machine/events.ts';
import { type Decision, isSameArtifact, type Observed, type Running } from '../target.ts';
import { wrongAnswer } from './call.ts';
import { CommandError } from './error-codes.ts';
import { baseOf, isRestoreKey } from './keys.ts';
import type { EndLine, ReleaseLine, WorkLine } from './protocol.ts';

type Line = ReleaseLine | WorkLine | EndLine | { readonly type: 'progress' };

export class ReleaseList {
  /** Newest first. */
  readonly releases: readonly ReleaseLine[];
  readonly work: readonly WorkLine[];
  readonly running: ReleaseLine | null;
  /**
   * By which release that came to run: one that a program was asked for, or that goes back, or whose code another one ran
   * before. A changed configuration is a release of the same code, and decides nothing.
   */
  readonly decided: ReleaseLine | null;
  /** Back to the first release that ever was. */
  readonly isWhole: boolean;
  readonly #words: readonly string[];

  /**
   * @param words of the program that gave it
   * @throws CommandError E_PROGRAM_ANSWER the list is cut, out of order, or contradicts itself
   */
  constructor(lines: readonly Line[], words: readonly string[]) {
    this.#words = words;
    const end = lines.at(-1);
    if (end === undefined || end.type !== 'end') throw this.#wrong('its list has no `end` line');
    const ofType = <T extends Line['type']>(type: T) =>
      lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
    this.releases = ofType('release');
    this.work = ofType('work');
    this.isWhole = end.whole;
    const counted = [
      [ofType('end').length, 1, 'end'],
      [this.releases.length, end.releases, 'release'],
      [this.work.length, end.work, 'work'],
    ] as const;
    const off = counted.find(([got, said]) => got !== said);
    if (off !== undefined) throw this.#wrong(`has ${off[0]} \`${off[2]}\` lines, not ${off[1]}`);
    this.#checkOrder();
    this.running = this.#runningOf(end);
    this.decided = this.#decidedOf(this.running);
  }

  /** A release by its id; null where it is not listed. */
  find(id: string): ReleaseLine | null {
    return this.releases.find((one) => one.id === id) ?? null;
  }

  /** What came of the work; null where no release is listed of it. */
  madeOf({ kind, id }: Work): ReleaseLine | null {
    return this.releases.find((one) => (kind === 'release' ? one.id : one.work) === id) ?? null;
  }

  isUnderWay({ id }: Work): boolean {
    return this.work.some((one) => one.id === id);
  }

  /** What is pending newest; null where nothing is. */
  get pending(): ReleaseLine | null {
    return this.releases.find(({ state }) => state === 'pending') ?? null;
  }

  /** What ran before a release, newest first: itself is not in it. */
  ranBefore({ number }: Pick<ReleaseLine, 'number'>): readonly ReleaseLine[] {
    return this.releases.filter((one) => one.state === 'earlier' && one.number < number);
  }

  /**
   * What other code ran before a release: another artifact, or the same one of another commit; null where none did.
   *
   * @throws CommandError E_PROGRAM_SHORT the list does not say
   */
  otherBefore(release: ReleaseLine): ReleaseLine | null {
    const other = this.ranBefore(release).find((one) => !isSameCode(one, release));
    if (other === undefined && !this.isWhole) throw this.#short(`what ran before ${release.id}`);
    return other ?? null;
  }

  /**
   * The newest release of the first artifact wanted, or else of its commit, that ran before that one and is of other code;
   * null where none did. One that is not kept any more is told only where there is no other.
   *
   * @throws CommandError E_PROGRAM_SHORT none is listed, and the list is not whole
   */
  earlierOf(wanted: readonly Artifact[], release: ReleaseLine): ReleaseLine | null {
    const earlier = this.ranBefore(release).filter(
      (one) => !isSameArtifact(artifactOf(one), artifactOf(release)),
    );
    const found = wanted.flatMap((artifact) => {
      const isOfIt = (one: ReleaseLine) => isSameArtifact(artifactOf(one), artifact);
      const isOfCommit = ({ commit }: ReleaseLine) => commit !== null && commit === artifact.commit;
      return [...earlier.filter(isOfIt), ...earlier.filter(isOfCommit)];
    });
    const [first] = wanted;
    if (found[0] === undefined && first !== undefined && !this.isWhole)
      throw this.#short(`whether ${first.commit ?? first.id} ran before`);
    return found.find(({ gone }) => !gone) ?? found[0] ?? null;
  }

  /** @throws CommandError E_PROGRAM_SHORT it is not listed, and the list is not whole */
  ran(artifact: Artifact, { number }: Pick<ReleaseLine, 'number'>): boolean {
    const did = this.ranBefore({ number }).some((one) => isSameArtifact(artifactOf(one), artifact));
    if (!did && !this.isWhole) throw this.#short(`whether ${artifact.id} ran before`);
    return did;
  }

  observed(): Observed {
    const { decided, pending, releases } = this;
    const before = decided === null ? null : this.otherBefore(decided);
    const newer = releases.filter(({ number }) => decided === null || number > decided.number);
    return {
      cursor: String(releases[0]?.number ?? 0),
      running: decided === null ? null : runningOf(decided),
      before: before === null ? null : decisionOf(before),
      failed: newer.filter(({ state }) => state === 'failed').map(decisionOf),
      pending:
        pending === null
          ? null
          : {
              release: releaseOf(pending),
              description: pending.description,
              ageMs: ageMsOf(pending),
            },
    };
  }

  /** Of what was submitted under a key: what there is by now, newest first. */
  ofKey(key: string): { releases: readonly ReleaseLine[]; work: readonly WorkLine[] } {
    const isOurs = (one: { key: string | null }) => one.key !== null && baseOf(one.key) === key;
    return { releases: this.releases.filter(isOurs), work: this.work.filter(isOurs) };
  }

  /** The key that a release was submitted under; null: none, or it took another one back. */
  static submissionOf({ key }: { readonly key: string | null }): string | null {
    return key === null || isRestoreKey(key) ? null : baseOf(key);
  }

  /** Newest first, each once. */
  #checkOrder(): void {
    const ids = [this.releases, this.work].map((list) => new Set(list.map(({ id }) => id)).size);
    if (ids[0] !== this.releases.length || ids[1] !== this.work.length) {
      throw this.#wrong('it lists one id twice');
    }
    const torn = this.releases.find(({ commit, artifact }) => artifact.commit !== commit);
    if (torn !== undefined) {
      throw this.#wrong(`release ${torn.id} is of another commit than its artifact`);
    }
    const astray = this.releases.find(
      (one, i) => one.number <= (this.releases[i + 1]?.number ?? -1),
    );
    if (astray !== undefined) {
      throw this.#wrong(`release ${astray.id} is listed before a newer one`);
    }
  }

  /** What runs is the newest that is neither pending nor failed. */
  #runningOf(end: EndLine): ReleaseLine | null {
    const [running, another] = this.releases.filter(({ state }) => state === 'running');
    if (another !== undefined) throw this.#wrong(`both ${running?.id} and ${another.id} run`);
    if ((running?.id ?? null) !== end.running) {
      throw this.#wrong(
        `${running?.id ?? 'nothing'} runs, but its end says that ${end.running ?? 'nothing'} does`,
      );
    }
    if (running === undefined && !end.whole) {
      throw this.#wrong('nothing runs, but its list is not whole');
    }
    for (const { id, number, state } of this.releases) {
      const isNewer = running === undefined || number > running.number;
      if (isNewer && state === 'earlier')
        throw this.#wrong(`${id} ran before, but is newer than what runs`);
      if (!isNewer && state === 'pending')
        throw this.#wrong(`${id} is pending, but older than what runs`);
    }
    return running ?? null;
  }

  #decidedOf(running: ReleaseLine | null): ReleaseLine | null {
    if (running === null) return null;
    const stretch = [running, ...this.ranBefore(running)];
    const other = stretch.findIndex((one) => !isSameCode(one, running));
    const ofIts = other === -1 ? stretch : stretch.slice(0, other);
    return ofIts.find(({ key, rollback }) => key !== null || rollback) ?? ofIts.at(-1) ?? running;
  }

  #wrong(fault: string): CommandError {
    return wrongAnswer(this.#words, fault);
  }

  #short(what: string): CommandError {
    return new CommandError('E_PROGRAM_SHORT', `${this.#words.join(' ')} does not tell ${what}`, {
      hint: 'Its list ends too early, and does not say that it is whole: let it go further back.',
      details: { program: this.#words.join(' '), releases: this.releases.length },
    });
  }
}

const isSameCode = (one: ReleaseLine, other: ReleaseLine): boolean =>
  one.commit === other.commit && isSameArtifact(artifactOf(one), artifactOf(other));

export const releaseOf = ({ id, version }: ReleaseLine): Release => ({
  id,
  version: version ?? id,
});

export const artifactOf = ({ artifact: { kind, id, digest }, commit }: ReleaseLine): Artifact => ({
  kind,
  id,
  digest,
  commit: isFullId(commit) ? commit : null,
});

export const ageMsOf = ({ ageSeconds = 0 }: { ageSeconds?: number | undefined }): number =>
  Math.round(ageSeconds * 1_000);

export function decisionOf(line: ReleaseLine): Decision {
  const { description, by, at, rollback } = line;
  return {
    release: releaseOf(line),
    artifact: artifactOf(line),
    description,
    by,
    at,
    isRollback: rollback,
  };
}

const runningOf = (line: ReleaseLine): Running => ({
  ...decisionOf(line),
  artifact: artifactOf(line),
  named: line.commit,
});

function isFullId(commit: string | null): commit is string {
  return commit !== null && /^[0-9a-f]{40}$/.test(commit);
}
