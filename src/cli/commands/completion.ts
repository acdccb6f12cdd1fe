/** `pipeline completion SHELL`, and what the script that it prints asks at each TAB. */
import type { Command } from 'commander';
import { readDeploys } from '../../runtime/audit/deploys.ts';
import { readEnvironment } from '../config/environment.ts';
import { completionScripts, type Shell } from '../render/completion-scripts.ts';
import { safe, type Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { type Suggestion, suggestions } from './suggestions.ts';

const deploysMax = 20;

export function completion(shell: Shell, terminal: Terminal): void {
  terminal.out(completionScripts[shell]);
}

/** @param words what stands after the program's name; the last one is being typed */
export async function complete(
  words: readonly string[],
  program: Command,
  topics: readonly Suggestion[],
  terminal: Terminal,
): Promise<void> {
  const found = await suggestions(program, words, { deploys: newestDeploys, topics });
  for (const { word, about } of found) terminal.out(`${word}\t${safe(about)}`);
}

/** None where there is no log to ask: a shell that completes tells of no errors. */
async function newestDeploys(): Promise<readonly Suggestion[]> {
  try {
    const log = await openDeployLog(await findStore({}, readEnvironment(process.env)), {
      readOnly: true,
    });
    try {
      const rows = await readDeploys(log, { limit: deploysMax });
      return rows.map(({ deploy, state, title }) => ({ word: deploy, about: `${state} ${title}` }));
    } finally {
      await log.close();
    }
  } catch {
    return [];
  }
}
