/** What the sandbox's Heroku has at first: staging, production and a canary of `acme`, in one pipeline, without code. */
import type { Generation, Timing } from './state.ts';
import { HerokuWorld } from './world.ts';

/** @param options.now milliseconds since the epoch; @param options.generations Cedar where nothing is said */
export function createAcme(options: {
  now: () => number;
  newId: () => string;
  timing: Timing;
  generations?: { readonly staging?: Generation; readonly production?: Generation };
  /** By the app's name. */
  webUrls?: Readonly<Record<string, string>>;
}): HerokuWorld {
  const { generations = {}, webUrls = {}, ...rest } = options;
  const { staging = 'cedar', production = 'cedar' } = generations;
  const world = new HerokuWorld({ ...rest, generation: staging });
  const apps = [
    { name: 'acme-staging', stage: 'staging', generation: staging },
    { name: 'acme-production', stage: 'production', generation: production },
    // A part of production, to the pipeline's stages.
    { name: 'acme-canary', stage: 'production', generation: production },
  ] as const;
  for (const app of apps) {
    const { [app.name]: webUrl } = webUrls;
    const added = world.addApp({ ...app, ...(webUrl === undefined ? {} : { webUrl }) });
    world.setDatabase(added, {
      plan: 'standard-0',
      connectionsMax: 120,
      connections: 11,
      isPooled: false,
    });
    world.release(added, { slug: null, description: 'Initial release' });
    world.release(added, { slug: null, description: 'Enable Logplex' });
    world.setConfig(added, { LANG: 'en_US.UTF-8' });
  }
  return world;
}
