/** Which of many commits have one: asked of git once, however many they are. */
import type { GitAccess } from './access.ts';
import { absent, isShallow, reachFurther } from './ancestry.ts';

export interface Containing {
  /** Of the commits that were asked for those that have it, itself among them. */
  readonly having: ReadonlySet<string>;
  /** Why more of them may have it than are told, in words; null: these are all. */
  readonly lacks: string | null;
}

/** Takes full ids. Of a shallow clone more is fetched, within bounds, while none is known to have it. */
export async function containing(
  access: GitAccess,
  commit: string,
  among: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Containing> {
  const [head = commit] = among;
  let found: Containing = { having: new Set(), lacks: null };
  for await (const _ of reachFurther(access, { base: commit, head }, signal)) {
    found = await containingHere(access, commit, among, signal);
    if (found.having.size > 0 || found.lacks === null) break;
  }
  return found;
}

async function containingHere(
  access: GitAccess,
  commit: string,
  among: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Containing> {
  const having = new Set(among.filter((one) => one === commit));
  const missing = new Set(await absent(access, [commit, ...among], signal));
  if (missing.has(commit)) {
    return { having, lacks: `this clone does not have commit ${commit.slice(0, 8)}` };
  }
  const there = among.filter((one) => !missing.has(one));
  // Everything on a way from one of them down to the commit.
  const input = [`^${commit}`, ...there].join('\n');
  const run = await access.git(['rev-list', '--ancestry-path', '--stdin'], { signal, input });
  for (const one of linesAmong(run.stdout, there)) having.add(one);
  if (await isShallow(access, signal)) return { having, lacks: 'this clone is a shallow one' };
  const lacks =
    missing.size === 0
      ? null
      : `this clone does not have ${missing.size === 1 ? 'a commit' : `${missing.size} commits`} that deploys were of`;
  return { having, lacks: run.code === 0 ? lacks : 'git cannot tell' };
}

const idLength = 40;

/** Those of the ids that the output has, which is an id a line, tens of thousands of them: no text is made of the others. */
function linesAmong(output: Buffer, ids: readonly string[]): string[] {
  const startOf = (text: Buffer, at: number): number => text.readUInt32LE(at);
  const starts = new Set(ids.map((id) => startOf(Buffer.from(id, 'latin1'), 0)));
  const found = new Set<string>();
  for (let at = 0; at + idLength <= output.length; at += idLength + 1) {
    if (starts.has(startOf(output, at))) found.add(output.toString('latin1', at, at + idLength));
  }
  return ids.filter((id) => found.has(id));
}
