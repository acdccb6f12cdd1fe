/** SQLite keeps the log's contract. */

import { storeContract } from './contract.ts';
import { sqliteStore } from './events.ts';

storeContract('SQLite', sqliteStore);
