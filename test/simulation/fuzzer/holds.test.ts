/** Worlds in which production must not be written: no spoilt answer ships. */
import { fuzzWorlds } from './singles.ts';
import { type FuzzWorld, worlds } from './worlds.ts';

const { rolledBack, goneBack, newer, diverged, switchOff, underWay } = worlds;
/** GitHub's compare is not held against itself yet. */
const ofHeroku = (world: FuzzWorld): FuzzWorld => ({ ...world, reads: /acme-production/ });
fuzzWorlds([rolledBack, switchOff, ...[goneBack, newer, diverged, underWay].map(ofHeroku)]);
