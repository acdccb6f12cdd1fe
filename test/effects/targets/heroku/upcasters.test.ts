/** What Heroku's nouns of before there were targets mean today, where no golden log has them. */
import { expect, it } from 'vitest';
import { upcasters } from '../../../../src/effects/targets/heroku/upcasters.ts';

type Data = Record<string, unknown>;

/** Of what was written in the first schema. */
function brought(type: string, data: Data): Data {
  const step = upcasters.find(({ from }) => from.type === type && from.schema === 1);
  if (step === undefined) throw new Error(`nothing leads on from ${type}`);
  return step.data(data);
}

const verify = { dynos: {}, endpoints: [], waive: ['no-dynos', 'no-checks'] };
const environment = (app: string, deploy: string) => ({ app, deploy, timeoutMs: 1, verify });

it.each<[string, string, Data, object]>([
  [
    'an app that may have no dynos, and what is deployed where',
    'deploy.requested',
    {
      settings: {
        staging: environment('acme-staging', 'build'),
        production: environment('acme-production', 'promote'),
      },
    },
    {
      settings: {
        staging: { submits: 'commit', verify: { waive: ['no-instances', 'no-checks'] } },
        production: { submits: 'artifact', verify: { waive: ['no-instances', 'no-checks'] } },
      },
    },
  ],
  ...['older-slug', 'rollback'].map((kind): [string, string, Data, object] => [
    `a hold for ${kind}`,
    'production.held',
    { step: 'requestPromotion', rollback: { release: { id: 'r', version: 7 }, kind, before: 6 } },
    {
      step: 'submitProduction',
      rollback: {
        release: { id: 'r', version: 'v7' },
        kind: kind === 'older-slug' ? 'older-artifact' : kind,
        before: 'v6',
      },
    },
  ]),
  [
    'a promotion that was found by its release',
    'production.promotionRequested',
    { promotion: null, release: 'r', adopted: true, killSwitch: null },
    { work: { kind: 'release', id: 'r' }, adopted: true },
  ],
])('%s', (_, type, data, today) => {
  expect(brought(type, data)).toMatchObject(today);
});
