/** Numbers in sentences. */

/** `1 event`, `12,000 events` */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
