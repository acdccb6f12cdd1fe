/** Waiting for a lane in PostgreSQL. */
import { fiftyWait } from '../runtime/lock/fifty-waiters.ts';
import { usePostgres } from './server.ts';

const { store } = usePostgres();

fiftyWait('PostgreSQL', store);
