/** Before each file; what it imports is done once in a worker. */
import './resolve-once.ts';
