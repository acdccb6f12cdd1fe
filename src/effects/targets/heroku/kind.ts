/** What Heroku hands in as a kind of target. */
import type { TargetKind } from '../target-kind.ts';
import { kind } from './target.ts';
import { upcasters } from './upcasters.ts';

export const herokuKind: TargetKind = { kind, upcasters };
