/** PostgreSQL keeps the log's contract. */
import { usePostgres } from '../postgres/use-postgres.ts';
import { storeContract } from './contract.ts';

const { store } = usePostgres();

storeContract('PostgreSQL', store);
