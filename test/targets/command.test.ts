/** A team's own programs pass the target contract: those of the example, over real files. */
import { FolderWorld } from './command-world.ts';
import { targetContract } from './contract.ts';

targetContract({
  kind: 'command',
  nonsense: [
    '{}',
    '[{}]',
    '{"type":"end"}',
    '{"type":"end","releases":0,"running":null,"whole":false}',
    '{"type":"end","releases":1,"running":null,"whole":true}',
    '{"type":"release","id":"1"}',
  ],
  start: async () => new FolderWorld(),
});
