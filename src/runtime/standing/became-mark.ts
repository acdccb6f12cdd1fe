/** How every view marks what became of a deploy: a sign with its words, for colour is never alone. Green is only what production runs. */
import type { BecameKind } from './became.ts';

/** `moving`: a run carries it on; `waiting`: for a person; `soft`: it is over, and asks for nothing. */
export type Tone = 'good' | 'bad' | 'waiting' | 'moving' | 'soft';

export interface Mark {
  readonly sign: string;
  readonly tone: Tone;
}

const marks: { readonly [K in BecameKind]: Mark } = {
  live: { sign: '✔', tone: 'good' },
  failed: { sign: '✖', tone: 'bad' },
  interrupted: { sign: '✖', tone: 'bad' },
  stuck: { sign: '✖', tone: 'bad' },
  rolledBack: { sign: '↶', tone: 'waiting' },
  held: { sign: '‖', tone: 'waiting' },
  disabled: { sign: '‖', tone: 'waiting' },
  waitTimedOut: { sign: '‖', tone: 'waiting' },
  waiting: { sign: '▸', tone: 'moving' },
  underWay: { sign: '▸', tone: 'moving' },
  replaced: { sign: '⤼', tone: 'soft' },
  carried: { sign: '⤼', tone: 'soft' },
  contained: { sign: '⤼', tone: 'soft' },
  old: { sign: '·', tone: 'soft' },
  unknown: { sign: '?', tone: 'soft' },
};

export const markOf = (kind: BecameKind): Mark => marks[kind];
