/**
 * The example's programs for a line of bash that asks this process: a story runs them some seventy times, and a node
 * of its own for each takes more than all the rest. As processes they are tried in `test/processes/command`.
 */
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
// @ts-expect-error the example is plain JavaScript
import { programs } from '../../../examples/folders/programs.mjs';

/** The program of a repository: tells the variables, and repeats what is answered. */
export const asking = `#!/usr/bin/env bash
exec 3<>"/dev/tcp/127.0.0.1/$FOLDERS_PORT" || exit 1
for name in FOLDERS "\${!LOCKSTEP_@}"; do printf '%s=%s\\0' "$name" "\${!name}" >&3; done
printf '\\0' >&3
read -r exit <&3
while IFS= read -r line <&3; do
  case $line in
    '!'*) printf '%s\\n' "\${line:1}" >&2 ;;
    *) printf '%s\\n' "$line" ;;
  esac
done
exit "$exit"
`;

/** @returns the server, listening at any free port */
export async function startProgramHost(): Promise<Server> {
  const server = createServer((socket) => {
    let told = '';
    socket.on('data', (chunk) => {
      told += chunk.toString();
      if (told.endsWith('\0\0')) socket.end(answer(told));
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

/** The exit code, and a line for each that the program says; a warning begins with an exclamation mark. */
function answer(told: string): string {
  const pairs = told.split('\0').flatMap((one) => (one === '' ? [] : [pairOf(one)]));
  const env: Record<string, string> = Object.fromEntries(pairs);
  const lines: string[] = [];
  const exit = programs[env.LOCKSTEP_OPERATION ?? '']({
    env,
    say: (line: object) => lines.push(JSON.stringify(line)),
    warn: (text: string) => lines.push(`!${text}`),
    now: Date.now,
    unpack(file: string, folder: string) {
      const { status, stderr } = spawnSync('tar', ['-xzf', file, '-C', folder]);
      if (status !== 0) throw new Error(`the commit cannot be unpacked: ${stderr}`);
    },
    at: () => {},
  });
  return [exit, ...lines].map((line) => `${line}\n`).join('');
}

function pairOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
