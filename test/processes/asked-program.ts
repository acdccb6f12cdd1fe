/**
 * A program that is a line of bash which asks this process what to say: a node of its own for each call takes more than
 * all the rest.
 */
import { createServer, type Server } from 'node:net';

/** Tells its arguments, its folder, `FOLDERS` and what Lockstep sets, at `ASKED_PORT`, and repeats what is answered. */
export const asking = `#!/usr/bin/env bash
exec 3<>"/dev/tcp/127.0.0.1/$ASKED_PORT" || exit 1
printf '%s\\0' "$#" "$@" >&3
for name in PWD FOLDERS "\${!LOCKSTEP_@}"; do printf '%s=%s\\0' "$name" "\${!name-}" >&3; done
printf '\\0' >&3
read -r exit <&3
while IFS= read -r line <&3; do
  case $line in
    '!'*) printf '%s\\n' "\${line:1}" >&2 ;;
    *) printf '%s\\n' "\${line:1}" ;;
  esac
done
exit "$exit"
`;

export interface Asked {
  readonly args: readonly string[];
  /** What it told of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly exit: number;
  /** An exclamation mark before what goes to standard error, and a space before all else. */
  readonly lines: readonly string[];
}

/** @returns the server that programs ask, listening at any free port */
export async function answering(answer: (asked: Asked) => Answer): Promise<Server> {
  const server = createServer((socket) => {
    let told = '';
    socket.setEncoding('utf8').on('data', (text) => {
      told += text;
      const asked = askedIn(told);
      if (asked === null) return;
      const { exit, lines } = orFailure(() => answer(asked));
      socket.end([exit, ...lines].map((line) => `${line}\n`).join(''));
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

/** Null: not all of it is here yet. */
function askedIn(told: string): Asked | null {
  const [count = '', ...parts] = told.split('\0').slice(0, -1);
  const args = parts.slice(0, Number(count));
  const pairs = parts.slice(Number(count));
  if (pairs.length < 2 || pairs.pop() !== '') return null;
  return { args, env: Object.fromEntries(pairs.map(pairOf)) };
}

function pairOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

function orFailure(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    return { exit: 1, lines: [`!${error}`] };
  }
}
