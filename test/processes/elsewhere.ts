/** Loaded before `pipeline` (NODE_OPTIONS=--import): the process believes that it is on another host. */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

os.hostname = () => 'elsewhere.test';
syncBuiltinESMExports();
