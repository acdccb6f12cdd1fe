/** Names in the log: streams and the resources that leases are held over. */

export const deployStream = (deploy: string): string => `deploy/${deploy}`;
/** A chart's definition, by the SHA-256 of its canonical text. */
export const chartStream = (hash: string): string => `chart/${hash}`;
/** The heads of the log that were signed. */
export const headsStream = 'heads';
export const laneStream = (lane: string): string => `lane/${lane}`;

/** The lane's lock; its token is the version of the grant in the lane's stream. */
export const laneResource = (lane: string): string => `lane/${lane}`;
/** One run at a time carries a deploy; while it lives, it is really waiting or really working. */
export const runResource = (deploy: string): string => `run/${deploy}`;
