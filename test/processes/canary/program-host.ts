/** The example's programs, carried out by this process. As processes they are tried in `test/processes/command`. */
import { spawnSync } from 'node:child_process';
import type { Server } from 'node:net';
// @ts-expect-error the example is plain JavaScript
import { programs } from '../../../examples/folders/programs.mjs';
import { type Answer, type Asked, answering } from '../asked-program.ts';

/** @returns the server, listening at any free port */
export const startProgramHost = (): Promise<Server> => answering(carryOut);

function carryOut({ env }: Asked): Answer {
  const lines: string[] = [];
  const exit = programs[env.LOCKSTEP_OPERATION ?? '']({
    env,
    say: (line: object) => lines.push(` ${JSON.stringify(line)}`),
    warn: (text: string) => lines.push(`!${text}`),
    now: Date.now,
    unpack(file: string, folder: string) {
      const { status, stderr } = spawnSync('tar', ['-xzf', file, '-C', folder]);
      if (status !== 0) throw new Error(`the commit cannot be unpacked: ${stderr}`);
    },
    at: () => {},
  });
  return { exit, lines };
}
