/**
 * Which dynos run: a release replaces all of an app's, a formation's change starts and stops some. On Fir a
 * release rolls: the old dynos are listed, and answer, until the new ones are up (Heroku Dev Center, Fir).
 */
import { hash } from 'node:crypto';
import type { Agenda } from './agenda.ts';
import type { App, Dyno, Release, Timing } from './state.ts';

export interface DynoManagerOptions {
  readonly agenda: Agenda;
  readonly newId: () => string;
  readonly timing: () => Timing;
}

export class DynoManager {
  readonly #agenda: Agenda;
  readonly #newId: () => string;
  readonly #timing: () => Timing;

  constructor({ agenda, newId, timing }: DynoManagerOptions) {
    this.#agenda = agenda;
    this.#newId = newId;
    this.#timing = timing;
  }

  /** All dynos of the app's formation anew, on this release. */
  replace(app: App, release: Release): void {
    const old = app.generation === 'fir' ? app.dynos.filter(({ type }) => type !== 'release') : [];
    app.dynos = [];
    for (const { type, quantity } of app.formation) this.#fill(app, type, quantity, release);
    const first = app.dynos[0];
    if (first !== undefined && old.length > 0) this.#roll(app, old);
    if (first === undefined || !app.next.dynoCrashes) return;
    app.next.dynoCrashes = false;
    this.#later(first, 'crashed');
  }

  /** @param release what runs; undefined on an app without code, which has no dynos */
  scale(app: App, type: string, quantity: number, release: Release | undefined): void {
    const scaled = { type, quantity };
    const known = app.formation.some((one) => one.type === type);
    app.formation = known
      ? app.formation.map((one) => (one.type === type ? scaled : one))
      : [...app.formation, scaled];
    if (release !== undefined && release.slug !== null) this.#fill(app, type, quantity, release);
  }

  /** The first dyno that is up crashes now, and stays so. */
  crash(app: App): void {
    const up = app.dynos.find(({ type, state }) => type !== 'release' && state === 'up');
    if (up === undefined) return;
    up.state = 'crashed';
    up.updatedAt = this.#agenda.now;
  }

  /** The first dyno of the formation starts anew: another dyno of the same name. */
  restart(app: App): void {
    const first = app.dynos.find(({ type }) => type !== 'release');
    if (first === undefined) return;
    const { type, release, command } = first;
    const made = this.#dyno(app, type, 1, release, command);
    const again = app.generation === 'fir' ? made : { ...made, name: first.name };
    app.dynos = app.dynos.map((dyno) => (dyno === first ? again : dyno));
    this.#later(again, 'up');
  }

  /** The dyno that the release phase runs in: listed beside the others (Heroku Dev Center, Release Phase). */
  startPhase(app: App, release: Release, command: string): void {
    this.endPhase(app);
    const dyno = this.#dyno(app, 'release', 1, release, command);
    dyno.state = 'up';
    app.dynos.push(dyno);
  }

  endPhase(app: App): void {
    app.dynos = app.dynos.filter(({ type }) => type !== 'release');
  }

  #fill(app: App, type: string, quantity: number, release: Release): void {
    const kept = app.dynos.filter((dyno) => dyno.type === type).slice(0, quantity);
    const started = Array.from({ length: quantity - kept.length }, (_, i) => {
      const number = kept.length + i + 1;
      const dyno = this.#dyno(app, type, number, release, `bundle exec ${type}`);
      this.#later(dyno, 'up');
      return dyno;
    });
    const others = app.dynos.filter((dyno) => dyno.type !== type);
    app.dynos = [...others, ...kept, ...started];
  }

  /** Old dynos stay beside new ones until those have booted. */
  #roll(app: App, old: readonly Dyno[]): void {
    app.dynos = [...old, ...app.dynos];
    this.#agenda.note(this.#agenda.now + this.#timing().dynoBootMs, () => {
      app.dynos = app.dynos.filter((dyno) => !old.includes(dyno));
    });
  }

  #dyno(app: App, type: string, number: number, release: Release, command: string): Dyno {
    const id = this.#newId();
    return {
      id,
      name: app.generation === 'fir' ? podName(type, release, id) : `${type}.${number}`,
      type,
      command,
      release,
      createdAt: this.#agenda.now,
      state: 'starting',
      updatedAt: this.#agenda.now,
    };
  }

  /** Once it has booted; the latest said of a dyno holds. */
  #later(dyno: Dyno, state: 'up' | 'crashed'): void {
    this.#agenda.note(this.#agenda.now + this.#timing().dynoBootMs, () => {
      dyno.state = state;
      dyno.updatedAt = this.#agenda.now;
    });
  }
}

/** `web-848cd4f64d-pvpr2`, as Heroku's own command shows dynos of Fir: of a release and an instance, in letters and digits. */
function podName(type: string, { id: release }: Release, id: string): string {
  const of = (text: string, length: number) =>
    hash('sha256', text)
      .replace(/[^0-9a-z]/g, '')
      .slice(0, length);
  return `${type}-${of(release, 10)}-${of(id, 5)}`;
}
