/** Worlds in which the CI's own list of builds is the lock: no spoilt list ships what it must not. */
import { fuzzWorlds } from './singles.ts';
import { worlds } from './worlds.ts';

fuzzWorlds([worlds.gitHubLock, worlds.circleCiLock]);
