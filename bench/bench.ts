/** What a bench is, and how it measures: what is compared takes turns within one run, and medians are told. */

/** One figure: what was measured, over what it is measured against, where there is such a thing. */
export interface Figure {
  readonly what: string;
  readonly unit: 'ms' | 'µs' | 'MiB' | 'requests';
  readonly measured: number;
  /** The limit or the peer of the same run. */
  readonly against: { readonly what: string; readonly measured: number } | null;
  readonly goal: Goal | null;
}

/** At most so many times the peer, or at most so much more than it, or at most so much. */
export type Goal =
  | { readonly times: number }
  | { readonly more: number }
  | { readonly most: number };

export interface Size {
  /** Fewer rounds, in seconds rather than minutes. */
  readonly quick: boolean;
  /** How many events a long log has. */
  readonly events: number;
}

export interface Bench {
  /** What its figures mean, for docs/performance.md. */
  readonly about: string;
  /** Why a goal is missed, where one is: what the time goes to. */
  readonly missed?: string;
  run(size: Size): Promise<readonly Figure[]>;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The contenders' results of so many rounds. In each they begin at another one; a first round fills caches and is not counted. */
export async function takeTurns<Name extends string, Result>(
  rounds: number,
  contenders: Readonly<Record<Name, (round: number) => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Result[]
  >;
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length] as Name;
      const result = await contenders[name](round);
      if (round > 0) results[name].push(result);
    }
  }
  return results;
}

/** Null: it has no goal. */
export function isReached({ measured, against, goal }: Figure): boolean | null {
  if (goal === null) return null;
  if ('most' in goal) return measured <= goal.most;
  const peer = against?.measured ?? Number.NaN;
  return 'times' in goal ? measured <= goal.times * peer : measured <= goal.more + peer;
}
