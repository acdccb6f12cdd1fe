/** A vendor's program as a stand-in: a small program of that name first on the PATH, its world in a file. */
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

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
}

export function standIn<State extends object>(
  folder: string,
  program: string,
  state: State,
): StandIn<State> {
  symlinkSync(resolve(import.meta.dirname, `${program}.mjs`), join(folder, program));
  const file = join(folder, 'state.json');
  const env = { PATH: `${folder}:${process.env.PATH}`, STAND_IN: file };
  const read = () => JSON.parse(readFileSync(file, 'utf8')) as State;
  const save = (over: Partial<State>) =>
    writeFileSync(file, JSON.stringify({ ...read(), ...over }));
  writeFileSync(file, JSON.stringify(state));
  return {
    env,
    read,
    save,
    run: (...args) => void execFileSync(program, args, { env, stdio: 'pipe' }),
  };
}
