/** What was drawn and what came of it, counted: kills, pauses, clocks by where in a run they fell, scenarios by kind. */
import { awaitsMax, type Scenario } from './scenario.ts';
import type { Outcome } from './simulation.ts';

const tenths = 10;
const tenthOf = (at: number): string =>
  `${Math.min(tenths, Math.ceil((tenths * at) / awaitsMax))}/${tenths}`;

export type Counts = readonly (readonly [
  what: string,
  kinds: readonly (readonly [kind: string, times: number])[],
])[];

export class Distribution {
  readonly #counts = new Map<string, Map<string, number>>();

  add(scenario: Scenario, { happened, runs }: Pick<Outcome, 'happened' | 'runs'>): void {
    for (const { what, at } of happened) this.#count(what, tenthOf(at));
    for (const { crossings } of runs) {
      for (let at = 1; at <= crossings; at += awaitsMax / tenths) {
        this.#count('runs that came there', tenthOf(at));
      }
    }
    this.#count('on', scenario.on ?? 'cedar');
    this.#count('lock', scenario.lock ?? 'store');
    if (scenario.on === 'command' && scenario.habits !== undefined) {
      const { work, isCareless, survives, shares } = scenario.habits;
      this.#count('programs', `${isCareless ? 'careless, ' : ''}${work} work`);
      this.#count('programs that outlive Lockstep', String(survives));
      this.#count('shares of a canary', String(shares?.length ?? 0));
    }
    for (const { act } of scenario.acts ?? []) this.#count('people at an await', act);
    this.#count('production', scenario.production ?? 'artifact');
    this.#count('stacking', scenario.stacking);
    this.#count('release phase', (scenario.releasePhaseMs ?? 0) > 0 ? 'yes' : 'no');
    this.#count('requests that meet a fault', `${scenario.faults.perMille}/1000`);
    this.#count('odd answers', `${scenario.faults.oddPerMille ?? 0}/1000`);
    this.#count('canary', scenario.canary?.place ?? 'none');
    this.#count('canary bakes', String((scenario.canary?.bakeMs ?? 0) > 0));
    for (const plan of scenario.canary?.afterUp ?? []) {
      if (plan !== null) this.#count('canary', plan.what);
    }
    for (const { act } of scenario.people) this.#count('people', act);
    for (const { what } of scenario.breaks) this.#count('breaks', what);
    for (const { kind } of scenario.builds) this.#count('builds', kind);
    for (const plan of scenario.afterUp ?? []) if (plan !== null) this.#count('watched', plan.what);
  }

  #count(what: string, kind: string, times = 1): void {
    const kinds = this.#counts.get(what) ?? new Map<string, number>();
    this.#counts.set(what, kinds.set(kind, (kinds.get(kind) ?? 0) + times));
  }

  /** How often each kind came, of each that is counted. */
  get counts(): Counts {
    return [...this.#counts].map(([what, kinds]) => [what, [...kinds]]);
  }

  /** What another process drew, too. */
  plus(counts: Counts): void {
    for (const [what, kinds] of counts) {
      for (const [kind, times] of kinds) this.#count(what, kind, times);
    }
  }

  of(what: string): ReadonlyMap<string, number> {
    return this.#counts.get(what) ?? new Map();
  }

  get inWords(): string {
    const lines = [...this.#counts].map(([what, kinds]) => {
      const sorted = [...kinds].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
      return `  ${what}: ${sorted.map(([kind, n]) => `${kind} ${n}`).join(', ')}`;
    });
    return lines.join('\n');
  }
}
