/** Every kind of target. A new one is a folder beside this file and a line here. */
import { commandKind } from './command/kind.ts';
import { herokuKind } from './heroku/kind.ts';
import type { TargetKind } from './target-kind.ts';

export const targetKinds: readonly TargetKind[] = [herokuKind, commandKind];
