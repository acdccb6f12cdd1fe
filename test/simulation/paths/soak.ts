/** Paths of the chart at random, those with a loop's turn among them: all are more than `npm test` has time for. */
import { chart } from '../../../src/machine/chart.ts';
import { type DeployPath, inWords } from '../../../src/machine/paths.ts';
import { seededRandom } from '../random.ts';
import { drive } from './drive.ts';
import { canaryPaths, drivenPaths } from './driven-paths.ts';
import { findingsOf } from './findings.ts';
import { PathWorld } from './world.ts';

const pathsPerSeed = 5;

export class PathSoak {
  readonly #world: PathWorld;
  readonly paths: readonly DeployPath[] = [...drivenPaths(chart), ...canaryPaths(chart)];
  #driven = 0;

  static async open(): Promise<PathSoak> {
    return new PathSoak(await PathWorld.open());
  }

  private constructor(world: PathWorld) {
    this.#world = world;
  }

  /** @throws Error with the path that the runtime did not take */
  async try(seed: number): Promise<void> {
    const random = seededRandom(seed);
    for (let n = 0; n < pathsPerSeed; n++) {
      const path = this.paths[Math.floor(random() * this.paths.length)];
      if (path !== undefined) await this.drive(path);
    }
  }

  /** @throws Error with the path that the runtime did not take */
  async drive(path: DeployPath): Promise<void> {
    const title = `${path.way}: ${path.steps.map(inWords).join(', ')}`;
    const driven = await drive(this.#world, path).catch((cause: unknown) => {
      throw new Error(title, { cause });
    });
    const [finding] = findingsOf(this.#world, path, driven);
    if (finding !== undefined) throw new Error(title, { cause: finding });
    this.#driven += 1;
  }

  get counts(): Readonly<Record<string, number>> {
    return { 'paths driven': this.#driven };
  }

  close(): Promise<void> {
    return this.#world.close();
  }
}
