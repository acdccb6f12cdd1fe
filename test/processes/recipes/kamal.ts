/** An app on two servers. */
// @ts-expect-error the stand-in is plain JavaScript
import { kamal as program } from './kamal.mjs';
import { image, one, type Recipe, standIn, tagOf } from './stand-in.ts';

export const kamal: Recipe = {
  name: 'an app of Kamal',
  words: ['examples/kamal/host.mjs', 'web', 'web', '-d', 'production'],
  failsWith: 'E_PROGRAM_FAILED',
  isSilent: true,
  async open(folder) {
    const at = '2026-01-05T09:00:00Z';
    const servers = ['10.0.0.1', '10.0.0.2'].map((host) => {
      const id = host.slice(-1).padEnd(64, 'a');
      const first = {
        ...{ id, name: `/web-web-${one}`, created: at, image: `${image}:${one}` },
        labels: { service: 'web', 'lockstep.key': '', 'lockstep.operation': '' },
        state: { Running: true, Restarting: false, StartedAt: at, FinishedAt: at },
      };
      return { host, target: id, containers: [first] };
    });
    const app = await standIn(folder, 'kamal', program, {
      refuses: 0,
      isUnhealthy: false,
      image,
      servers,
    });
    const served = () => {
      const [{ containers, target } = { containers: [], target: '' }] = app.read().servers;
      return { containers, serving: containers.find(({ id }) => id === target) };
    };
    return {
      env: app.env,
      close: app.close,
      serves: () => tagOf(served().serving?.image),
      byHand: (what) => {
        const { containers, serving } = served();
        const before = containers.findLast((other) => other.image !== serving?.image)?.image;
        if (what === 'back') app.run('rollback', tagOf(before), '-d', 'production');
        else app.run('deploy', `--version=${what.deploy}`, '-d', 'production');
      },
      heal: () => app.save({ isUnhealthy: false }),
      giveUp: () => app.save({ refuses: 1, isUnhealthy: true }),
      lose: () => {
        const [first, second] = app.read().servers;
        if (first === undefined || second === undefined) throw new Error('there are two');
        const containers = second.containers.filter(({ id }) => id === second.target);
        app.save({ servers: [first, { ...second, containers }] });
      },
    };
  },
};
