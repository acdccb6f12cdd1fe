/** What was drawn and what came of it, counted: kills, pauses, clocks by where in a run they fell, scenarios by kind. */
import { awaitsMax, type Scenario } from './scenario.ts';
import type { Outcome } from './simulation.ts';

const tenths = 10;

export class Distribution {
  readonly #counts = new Map<string, Map<string, number>>();

  add(scenario: Scenario, { happened }: Pick<Outcome, 'happened'>): void {
    for (const { what, at } of happened) {
      const tenth = Math.min(tenths, Math.ceil((tenths * at) / awaitsMax));
      this.#count(what, `${tenth}/${tenths}`);
    }
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

  #count(what: string, kind: string): void {
    const kinds = this.#counts.get(what) ?? new Map<string, number>();
    this.#counts.set(what, kinds.set(kind, (kinds.get(kind) ?? 0) + 1));
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
