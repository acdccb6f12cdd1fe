/** Worlds in which staging is not well, or in which nothing but dynos tells: no spoilt answer hides it. */
import { fuzzWorlds } from './singles.ts';
import { worlds } from './worlds.ts';

const { dynosOnly, crashing, unwell, replaced } = worlds;
fuzzWorlds([dynosOnly, crashing, unwell, replaced]);
