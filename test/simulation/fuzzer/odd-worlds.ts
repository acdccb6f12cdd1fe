/** Worlds that look odd and are well: a deploy that stops in one of them was stopped for nothing. */
import type { HttpResponse } from '../../../src/effects/http/request.ts';
import { shapeOf } from './answer-mutations.ts';
import { type Json, unread } from './json-mutations.ts';
import type { Dress, Stage } from './stage.ts';
import { dynosOnly, type FuzzWorld, twoDynos, withoutRevision } from './worlds.ts';

type OddWorld = Omit<FuzzWorld, 'ships' | 'ends'> & {
  /** Why it is refused all the same, and with which code; left out: it ships. */
  readonly refused?: { readonly code: string; readonly why: string };
};

const usual = (stage: Stage): void => {
  stage.past(stage.commits.older);
  stage.past(stage.commits.running);
};

type Item = Record<string, Json>;

/** Changes the JSON of the answers to requests of such a path. */
const json =
  (pattern: RegExp, change: (value: Item | Item[], stage: Stage) => void): Dress =>
  (path, answer, stage) => {
    if (!pattern.test(path) || answer.status >= 300) return answer;
    const value = JSON.parse(answer.body) as Item | Item[];
    change(value, stage);
    return { ...answer, body: JSON.stringify(value) };
  };

const each =
  (change: (item: Item) => void) =>
  (value: Item | Item[]): void => {
    for (const item of Array.isArray(value) ? value : [value]) change(item);
  };

const ofReleases = /\/apps\/[^/]+\/releases/;
const notFound: HttpResponse = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  body: '{"resource":"app_feature","id":"not_found","message":"Couldn\'t find that app feature."}',
};

/** Each answer with what nobody reads dropped, nulled, or added to. */
const unreadEverywhere =
  (name: string): Dress =>
  (path, answer) => {
    if (answer.headers['content-type']?.includes('json') !== true) return answer;
    const { pathname } = new URL(path, 'http://any.test');
    const one = [...unread(shapeOf(pathname))].find((mutation) => mutation.name === name);
    const kin = { sibling: undefined, older: undefined };
    const value = one?.change(JSON.parse(answer.body) as Json, kin);
    return value === undefined ? answer : { ...answer, body: JSON.stringify(value) };
  };

export const oddWorlds: readonly OddWorld[] = [
  {
    name: 'an app that never had code',
    past: (stage) => void stage.built(stage.staging, stage.commits.running),
  },
  {
    name: 'an app that never had anything but config changes',
    past: (stage) => {
      for (const name of ['A', 'B', 'C']) stage.world.setConfig(stage.production, { [name]: '1' });
    },
  },
  {
    name: 'an expired release below',
    past: usual,
    dress: json(
      ofReleases,
      each((item) => {
        if (item.version === 2) item.status = 'expired';
      }),
    ),
  },
  {
    name: 'a failed release on top',
    past: (stage) => {
      usual(stage);
      stage.production.releasePhase = 'rake db:migrate';
      stage.sandbox.control.failNextReleasePhase({ app: stage.production.name });
      stage.deployedByHand(stage.production, stage.commits.newer);
      stage.later();
      stage.production.releasePhase = null;
    },
  },
  {
    name: 'a release phase in both apps',
    past: (stage) => {
      usual(stage);
      for (const app of stage.world.apps) app.releasePhase = 'rake db:migrate';
    },
  },
  {
    name: 'preboot is on',
    settings: withoutRevision,
    past: (stage) => {
      usual(stage);
      for (const app of stage.world.apps) app.preboot = true;
    },
  },
  {
    name: 'preboot cannot be had in a private space (404)',
    settings: withoutRevision,
    past: usual,
    dress: (path, answer, stage) => {
      if (path.endsWith('/features/preboot')) return notFound;
      const space = { id: '00000077-89ab-4def-8123-456789abcdef', name: 'acme', shield: false };
      const dressed = json(/^\/apps\/[^/]+$/, (item) => Object.assign(item, { space }));
      return dressed(path, answer, stage);
    },
  },
  {
    name: 'a process type that is scaled to zero',
    past: (stage) => {
      for (const app of stage.world.apps) {
        stage.formation(app, { type: 'web', quantity: 1 }, { type: 'worker', quantity: 0 });
      }
      usual(stage);
    },
  },
  {
    name: 'workers only',
    settings: dynosOnly,
    past: (stage) => {
      for (const app of stage.world.apps) stage.formation(app, { type: 'worker', quantity: 1 });
      usual(stage);
    },
  },
  {
    name: 'a scheduler dyno and a one-off dyno of an older release',
    past: usual,
    dress: json(/\/dynos$/, (list, stage) => {
      const [one] = list as Item[];
      const [release] = stage.staging.releases;
      if (one === undefined || release === undefined) return;
      for (const name of ['scheduler.3472', 'run.1024']) {
        const old = { id: release.id, version: release.version };
        const id = `00000000-0000-4000-8000-00000000${name.slice(-4)}`;
        const type = name.split('.')[0] ?? '';
        (list as Item[]).push({ ...one, id, name, type, state: 'up', release: old });
      }
    }),
  },
  {
    name: 'a promotion without a description',
    past: usual,
    dress: json(
      ofReleases,
      each((item) => {
        if (String(item.description).startsWith('Promote')) item.description = null;
      }),
    ),
  },
  {
    name: 'a rollback that was lifted',
    resumed: true,
    past: (stage) => {
      usual(stage);
      stage.sandbox.control.rollback({ app: stage.production.name, byUser: 'ana@acme.test' });
      stage.later();
    },
  },
  {
    name: 'a rollback that a person deployed over',
    past: (stage) => {
      usual(stage);
      stage.sandbox.control.rollback({ app: stage.production.name, byUser: 'ana@acme.test' });
      stage.later();
      stage.deployedByHand(stage.production, stage.commits.running);
      stage.later();
    },
  },
  {
    name: 'the same slug again and again, by config and add-ons',
    past: (stage) => {
      usual(stage);
      const slug = stage.world.current(stage.production)?.slug ?? null;
      for (const description of ['Attach DATABASE (@ref:postgresql-1)', 'Update REDIS by heroku']) {
        stage.world.release(stage.production, { slug, description });
        stage.later();
      }
    },
  },
  {
    name: 'a release that was tried again',
    past: usual,
    dress: json(
      ofReleases,
      each((item) => {
        if (item.version === 3) item.description = `Retry of v2: ${item.description}`;
      }),
    ),
  },
  {
    name: 'a renamed repository',
    past: usual,
    dress: (path, answer, { sandbox }) => {
      const [, range] = /^\/repos\/acme\/web\/compare\/(.+)$/.exec(path) ?? [];
      if (range === undefined) return answer;
      const api = sandbox.environment.GITHUB_API_URL;
      const location = `${api}/repos/acme/renamed/compare/${range}`;
      const body = JSON.stringify({ message: 'Moved Permanently', url: location });
      return { status: 301, headers: { 'content-type': 'application/json', location }, body };
    },
  },
  {
    name: 'a first page of releases that are all config changes, with more behind',
    past: (stage) => {
      usual(stage);
      for (let i = 0; i < 60; i++) {
        stage.world.setConfig(stage.production, { FEATURE: String(i) }, 'bo@acme.test');
      }
      stage.later();
    },
  },
  {
    name: 'lists of one',
    past: (stage) => {
      for (const app of stage.world.apps) {
        app.releases.splice(0);
        stage.formation(app, { type: 'web', quantity: 1 });
      }
      stage.built(stage.staging, stage.commits.running);
      stage.promoted();
    },
  },
  {
    name: 'a slug that names an abbreviated commit',
    past: usual,
    dress: json(
      /\/apps\/acme-production\/slugs\//,
      each((item) => {
        item.commit = String(item.commit).slice(0, 7);
      }),
    ),
    refused: {
      code: 'E_ORDER_UNKNOWN',
      why: 'An abbreviation may be of two commits; whoever pushed it ships the next with --override.',
    },
  },
  {
    name: 'sleeping dynos',
    past: usual,
    dress: json(
      /\/dynos$/,
      each((item) => {
        if (item.state === 'up') item.state = 'idle';
      }),
    ),
  },
  ...['unread fields: dropped', 'unread fields: nulled', 'unknown fields: added'].map(
    (name): OddWorld => ({
      name: `${name}, in every answer`,
      past: (stage) => {
        twoDynos(stage);
        usual(stage);
      },
      dress: unreadEverywhere(name),
    }),
  ),
];

export const asFuzzWorld = ({ refused, ...world }: OddWorld): FuzzWorld => ({
  ...world,
  ends: refused === undefined ? 'production.live' : 'failed',
  ships: refused === undefined,
});
