/** A service of two tasks, its circuit breaker on. */
// @ts-expect-error the stand-in is plain JavaScript
import { aws } from './aws.mjs';
import { image, one, type Recipe, standIn, tagOf } from './stand-in.ts';

const arn = (what: string) => `arn:aws:ecs:eu-west-1:123456789012:${what}`;

export const ecs: Recipe = {
  name: 'a service of Amazon ECS',
  words: ['examples/ecs/host.mjs', 'acme', 'web', 'web', image],
  failsWith: 'E_RELEASE_FAILED',
  async open(folder) {
    const containerDefinitions = [{ name: 'web', image: `${image}:${one}` }];
    const taskDefinitionArn = arn('task-definition/web:1');
    const first = { taskDefinitionArn, family: 'web', revision: 1, containerDefinitions };
    const targetServiceRevisionArn = arn('service-revision/acme/web/1');
    const made = {
      serviceDeploymentArn: arn('service-deployment/acme/web/d1'),
      createdAt: '2026-01-05T10:00:00.917000+00:00',
      status: 'SUCCESSFUL',
      targetServiceRevisionArn,
    };
    const service = await standIn(folder, 'aws', aws, {
      ...{ refuses: 0, isBroken: false, deployments: [made], definitions: [first] },
      revisions: { [targetServiceRevisionArn]: taskDefinitionArn },
    });
    const running = () => {
      const { deployments, revisions, definitions } = service.read();
      const { targetServiceRevisionArn: of = '' } =
        deployments.find(({ status }) => status === 'SUCCESSFUL') ?? {};
      const definition = definitions.find((made) => made.taskDefinitionArn === revisions[of]);
      if (definition === undefined) throw new Error('nothing runs');
      return definition;
    };
    const update = (revision: number) =>
      service.run('ecs', 'update-service', '--task-definition', `web:${revision}`);
    return {
      env: service.env,
      close: service.close,
      serves: () => tagOf(running().containerDefinitions[0]?.image),
      byHand: (what) => {
        const { family, revision, containerDefinitions: containers } = running();
        if (what === 'back') return update(revision - 1);
        // As the console makes one of the newest: our labels come along.
        const copied = { ...containers[0], image: `${image}:${what.deploy}` };
        const input = JSON.stringify({ family, containerDefinitions: [copied] });
        service.run('ecs', 'register-task-definition', '--cli-input-json', input);
        return update(revision + 1);
      },
      heal: () => service.save({ isBroken: false }),
      giveUp: () => service.save({ refuses: 1, isBroken: true }),
    };
  },
};
