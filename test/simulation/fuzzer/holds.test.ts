/** Worlds in which production must not be written: no spoilt answer ships. */
import { fuzzWorlds } from './singles.ts';
import { worlds } from './worlds.ts';

const { rolledBack, goneBack, newer, diverged, switchOff, underWay } = worlds;
fuzzWorlds([rolledBack, goneBack, newer, diverged, switchOff, underWay]);
