/** Which of many commits have one: asked of git once, however many they are. */
import type { GitAccess } from './access.ts';
import { absent, isShallow, reachFurther } from './ancestry.ts';

export interface Containing {
  /** Of the commits that were asked for those that have it, itself among them. */
  readonly having: ReadonlySet<string>;
  /** Why more of them may have it than are told, in words, and where to ask again; null: these are all. */
  readonly lacks: { readonly why: string; readonly remedy: string } | null;
}

const unshallow = 'git fetch --unshallow, then ask again.';
/** Git refuses to unshallow what is whole. */
const fetchAll = 'git fetch --all, then ask again; or ask in a clone that has it.';

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
  const isCut = await isShallow(access, signal);
  const remedy = isCut ? unshallow : fetchAll;
  if (missing.has(commit)) {
    const why = `this clone does not have commit ${commit.slice(0, 8)}`;
    return { having, lacks: { why, remedy } };
  }
  const there = among.filter((one) => !missing.has(one));
  // Everything on a way from one of them down to the commit.
  const input = [`^${commit}`, ...there].join('\n');
  const run = await access.git(['rev-list', '--ancestry-path', '--stdin'], { signal, input });
  for (const one of linesAmong(run.stdout, there)) having.add(one);
  if (isCut) return { having, lacks: { why: 'this clone is a shallow one', remedy } };
  if (run.code !== 0) return { having, lacks: { why: 'git cannot tell', remedy } };
  if (missing.size === 0) return { having, lacks: null };
  const what = missing.size === 1 ? 'a commit' : `${missing.size} commits`;
  return {
    having,
    lacks: { why: `this clone does not have ${what} that deploys were of`, remedy },
  };
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
