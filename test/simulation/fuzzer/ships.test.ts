/** Worlds in which production may be written: no spoilt answer makes a deploy “live” that is not. */
import { fuzzWorlds } from './singles.ts';
import { worlds } from './worlds.ts';

fuzzWorlds([worlds.ancestor, worlds.shipped, worlds.first, worlds.building]);
