/** A vendor's program as a stand-in: a small program of that name first on the PATH, its world in memory. */
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Answer, type Asked, answering, asking } from '../asked-program.ts';

export const [one, two, three] = ['1'.repeat(40), '2'.repeat(40), '3'.repeat(40)] as const;
export const image = 'registry.test/web';
export const tagOf = (reference = ''): string => reference.slice(reference.lastIndexOf(':') + 1);

/** A host that runs commit `one`. */
export interface World {
  /** For the recipe's processes. */
  readonly env: Record<string, string>;
  /** The commit that gets the requests, as the vendor itself has it. */
  serves(): string;
  /** By the vendor's own means, as somebody does it who knows nothing of Lockstep. */
  byHand(what: { deploy: string } | 'back'): void | Promise<void>;
  /** It is out of reach once, and gives up whatever is deployed. */
  giveUp(): void;
  /** It is as it was. */
  heal(): void;
  /** What ran before is kept no longer. */
  lose?(): void;
  close?(): Promise<void>;
}

export interface Recipe {
  readonly name: string;
  /** What pipeline.yml names, for all four operations. */
  readonly words: readonly string[];
  /** How a deploy ends that the host gave up. */
  readonly failsWith: string;
  /** How many are told; two when left out. */
  readonly instances?: number;
  open(folder: string): World | Promise<World>;
  /** Its own means of going back end well also where what ran before is kept no longer. */
  readonly isSilent?: true;
}

export interface StandIn<State> {
  readonly env: Record<string, string>;
  read(): State;
  save(over: Partial<State>): void;
  /** As a person types it. */
  run(...args: string[]): void;
  close(): Promise<void>;
}

/** What a stand-in is given when it is run: what it changes of the state is there once it has saved it. */
interface Call {
  readonly state: unknown;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  save(): void;
  say(line: string): void;
  complain(line: string): void;
  /** Its exit code; 0 when left out. */
  end(code: number): void;
}

export async function standIn<State extends object>(
  folder: string,
  name: string,
  program: (call: Call) => void,
  state: State,
): Promise<StandIn<State>> {
  writeFileSync(join(folder, name), asking, { mode: 0o755 });
  let kept = JSON.stringify(state);
  const keep = (now: unknown): void => {
    kept = JSON.stringify(now);
  };
  const read = () => JSON.parse(kept) as State;
  function answer({ args, env }: Asked): Answer {
    const seen = read();
    const lines: string[] = [];
    let exit = 0;
    const tell = (mark: string) => (text: string) => {
      lines.push(...text.split('\n').map((line) => mark + line));
    };
    const end = (code: number) => {
      exit = code;
    };
    const save = () => keep(seen);
    program({ ...{ state: seen, args, env, save, end }, say: tell(' '), complain: tell('!') });
    return { exit, lines };
  }
  const server = await answering(answer);
  return {
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      ASKED_PORT: String((server.address() as AddressInfo).port),
    },
    read,
    save: (over) => keep({ ...read(), ...over }),
    run(...args) {
      const { exit, lines } = answer({ args, env: {} });
      if (exit !== 0) throw new Error(`${name} ${args.join(' ')}: ${lines.join('\n')}`);
    },
    close: () => new Promise((closed) => void server.close(() => closed())),
  };
}
