/** An app of two machines, and one that runs no release. */
// @ts-expect-error the stand-in is plain JavaScript
import { fly as program } from './fly.mjs';
import { image, one, type Recipe, standIn, tagOf } from './stand-in.ts';

export const fly: Recipe = {
  name: 'an app of Fly.io',
  words: ['examples/fly/host.mjs', 'acme', image],
  failsWith: 'E_PROGRAM_FAILED',
  async open(folder) {
    const machine = (id: string, group: string) => ({
      ...{ id, state: 'started', instance_id: `${id}-1`, checks: [{ status: 'passing' }] },
      ...{ region: 'ams', events: [{ type: 'start', timestamp: 1_767_600_000_000 }] },
      config: {
        env: {},
        metadata: {
          fly_platform_version: 'v2',
          fly_process_group: group,
          fly_release_version: '1',
        },
      },
    });
    const first = { Version: 1, Status: 'complete', ImageRef: `${image}:${one}` };
    const made = { CreatedAt: '2026-01-05T10:01:00Z', User: { Email: 'eve@acme.test' } };
    const app = await standIn(folder, 'fly', program, {
      ...{ refuses: 0, isUnwell: false, releases: [{ ID: 'r1', ...first, ...made }] },
      machines: [machine('a', 'app'), machine('b', 'app'), machine('c', 'fly_app_console')],
    });
    const done = () => app.read().releases.filter(({ Status }) => Status === 'complete');
    const deploy = (reference = '') => app.run('deploy', '--image', reference, '--app', 'acme');
    return {
      env: app.env,
      close: app.close,
      serves: () => tagOf(done()[0]?.ImageRef),
      byHand: (what) => deploy(what === 'back' ? done()[1]?.ImageRef : `${image}:${what.deploy}`),
      heal: () => app.save({ isUnwell: false }),
      giveUp: () => app.save({ refuses: 1, isUnwell: true }),
    };
  },
};
