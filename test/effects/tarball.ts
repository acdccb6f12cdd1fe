/** A commit's archive, as far as anybody looks into it: the storage takes what is gzipped. */
import { gzipSync } from 'node:zlib';

export const tarball = new Uint8Array(gzipSync('a tarball'));
export const archive = async (): Promise<Uint8Array> => tarball;
