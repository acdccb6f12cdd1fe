/** Opens the kind: its programs are processes of this machine. */
import type { Surroundings } from '../surroundings.ts';
import type { OpenedKind } from '../target-kind.ts';
import { createPrograms } from './process.ts';
import { commandTargets } from './target.ts';

export function open(_: Readonly<Record<string, string>>, around: Surroundings): OpenedKind {
  return { targets: commandTargets(createPrograms(around)), account: null };
}
