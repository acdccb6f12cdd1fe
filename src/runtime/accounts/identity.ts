/** Ids for other programs, made of the log's own: the same whenever and wherever they are made. */
import { createHash } from 'node:crypto';

const hexOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Of OpenTelemetry: 32 hex digits, never all zeros. */
export const traceId = (lane: string, deploy: string): string =>
  hexOf(JSON.stringify(['trace', lane, deploy])).slice(0, 32);

/** Of OpenTelemetry: 16 hex digits. */
export const spanId = (lane: string, deploy: string, span: string): string =>
  hexOf(JSON.stringify(['span', lane, deploy, span])).slice(0, 16);

/** A UUID of version 8 (RFC 9562): of what is one deploy. */
export function chainId(lane: string, deploy: string): string {
  const hex = hexOf(JSON.stringify(['chain', lane, deploy]));
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4] ?? '8';
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...parts, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
