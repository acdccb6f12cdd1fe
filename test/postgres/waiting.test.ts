/** Waiting for a lane in PostgreSQL. */
import { fiftyWait } from '../runtime/lock/fifty-waiters.ts';
import { usePostgres } from './use-postgres.ts';

const { store } = usePostgres();

fiftyWait('PostgreSQL', store);
