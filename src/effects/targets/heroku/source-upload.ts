/** Uploads a commit's tarball to Heroku, where a build reads it. */

import { createHash } from 'node:crypto';
import { formatDuration } from '../../../format/duration.ts';
import { ensureOk } from '../../http/answers.ts';
import { VendorRefused } from '../../http/errors.ts';
import { isTransient } from '../../polling.ts';
import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { HerokuError } from './error-codes.ts';
import { sourceSchema } from './schemas.ts';
import { heroku } from './vendor.ts';

const uploadTimeoutMs = 10 * 60_000;
/** An upload makes nothing that anybody sees, so it may be repeated, to a new place each time. */
const uploadsMax = 3;
const pauseMs = 3_000;

export interface UploadedSource {
  /** A signed URL: a secret, good for about an hour. */
  readonly url: string;
  /** `SHA256:` and 64 hex digits. */
  readonly checksum: string;
}

/**
 * @param tarball gzipped
 * @throws E_SOURCE_UPLOAD Heroku's storage refused it; VendorUnreachable and the like
 */
export async function uploadSource(
  api: HerokuApi,
  app: string,
  tarball: Uint8Array,
  ports: Ports,
): Promise<UploadedSource> {
  const checksum = `SHA256:${createHash('sha256').update(tarball).digest('hex')}`;
  ports.progress(`${app}: uploading the commit, ${Math.ceil(tarball.byteLength / 1024)} KiB`);
  for (let upload = 1; ; upload++) {
    try {
      const { source_blob } = await api.post(appPath(app, 'sources'), null, sourceSchema, ports);
      await put(source_blob.put_url, tarball, ports);
      return { url: source_blob.get_url, checksum };
    } catch (error) {
      ports.signal.throwIfAborted();
      if (upload === uploadsMax || !isTransient(error)) throw refusedUpload(error, app);
      ports.progress(`${error.message}; uploading again in ${formatDuration(pauseMs)}`);
      await ports.clock.sleep(pauseMs, ports.signal);
    }
  }
}

/** The URL is signed for a request without a token and without a content type. */
async function put(url: string, body: Uint8Array, { http, signal }: Ports): Promise<void> {
  const request = {
    vendor: heroku,
    method: 'PUT',
    url,
    body,
    signal,
    timeoutMs: uploadTimeoutMs,
  } as const;
  ensureOk(request, await http.send(request));
}

/** The storage's own refusal is no word on the token: it is told in other words than Heroku's. */
function refusedUpload(error: unknown, app: string): unknown {
  if (!(error instanceof VendorRefused) || error.method !== 'PUT') return error;
  return new HerokuError(
    'E_SOURCE_UPLOAD',
    `the upload of the commit for ${app} was refused with status ${error.status}`,
    {
      hint: 'Heroku’s storage takes uploads at a signed URL for about an hour: check this machine’s clock, and any proxy that changes requests.',
      details: { app, status: error.status },
    },
  );
}
