/** The lane of the bench of waiting, and for how long one waits for it, in milliseconds. */
export const lane = 'acme-web';
export const leaseMs = 60_000;
export const patienceMs = 100_000;
