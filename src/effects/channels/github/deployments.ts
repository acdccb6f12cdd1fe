/** Deployments and their statuses as GitHub has them, each made once: what may be there already is looked for first. */
import type { Delivery } from '../channel.ts';
import type { GitHubApi, NewDeployment, NewStatus } from './api.ts';
import type { Right, Rights } from './rights.ts';

export class Deployments {
  readonly #api: GitHubApi;
  readonly #rights: Rights;
  readonly #delivery: Delivery;

  constructor(api: GitHubApi, rights: Rights, delivery: Delivery) {
    this.#api = api;
    this.#rights = rights;
    this.#delivery = delivery;
  }

  may<T>(right: Right, act: () => Promise<T>): Promise<T | null> {
    return this.#rights.use(right, act, this.#delivery.leftOut);
  }

  /** Its id; null: GitHub takes none. */
  create(deployment: NewDeployment): Promise<number | null> {
    const { ports, assertHeld } = this.#delivery;
    return this.may('deployments', async () => {
      const found = await this.#api.findDeployment(deployment, ports);
      if (found !== null) return found;
      await assertHeld();
      return this.#api.createDeployment(deployment, ports);
    });
  }

  async setStatus(id: number, status: NewStatus): Promise<void> {
    const { ports, assertHeld } = this.#delivery;
    await this.may('deployments', async () => {
      const now = await this.#api.statusOf(id, ports);
      if (now?.state === status.state && now.description === status.description) return;
      await assertHeld();
      await this.#api.setStatus(id, status, ports);
    });
  }
}
