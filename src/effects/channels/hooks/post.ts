/** Sends an event to a URL: a signed POST, whose answer counts by its status alone. */
import type { HttpRequest, HttpResponse } from '../../http/request.ts';
import { shownOrigin, shownText } from '../../http/shown.ts';
import type { VendorFacts } from '../../http/vendor-facts.ts';
import type { Ports } from '../../ports.ts';
import { HookError } from './errors.ts';
import { type SigningKey, signatureOf } from './signature.ts';

export interface HookUrl {
  readonly url: string;
  readonly keys: readonly SigningKey[];
  /** For people. */
  readonly title: string;
  /** The environment variable that the URL is from, which then is a secret as a whole; null: `pipeline.yml` has it. */
  readonly variable: string | null;
}

/** From connecting to the answer's head. */
const timeoutMs = 10_000;
/** What is read of an answer that refuses: for its words. */
const refusalBytesMax = 4 * 1024;

/** @param body the event as JSON @throws HookError, VendorUnreachable */
export async function post(
  { url, keys, title, variable }: HookUrl,
  id: string,
  body: string,
  { http, signal, clock }: Pick<Ports, 'http' | 'signal' | 'clock'>,
): Promise<void> {
  const request: HttpRequest = {
    vendor: factsOf(title, variable),
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body,
    // Over what is sent, and when: the client has taken the secrets out of it by then.
    sign: (sent) => signatureOf(id, sent, keys, clock.now()),
    signal,
    timeoutMs,
    refusalBytesMax,
    // The outbox tries again, with pauses that grow.
    attemptsMax: 1,
  };
  const response = await http.send(request);
  if (response.status < 200 || response.status > 299) throw refused(title, request, response);
}

const passing: readonly number[] = [408, 425, 429];
/** They say nothing of the event: the secret or the address is another one than there. */
const unknownThere: readonly number[] = [401, 403, 404];

function refused(title: string, request: HttpRequest, response: HttpResponse): HookError {
  const { status, headers, body } = response;
  if (status >= 300 && status < 400) {
    const to = headers.location === undefined ? '' : `, to ${shownOrigin(headers.location)}`;
    return new HookError('E_HOOK_MOVED', `${title} answered ${status}: it has moved${to}`, {
      fault: 'setup',
      hint: 'No redirect is followed: write the address that it leads to in pipeline.yml.',
    });
  }
  const words = shownText(body, request);
  const message = `${title} answered ${status}${words === '' ? '' : `: ${words}`}`;
  if (status < 400 || status >= 500 || passing.includes(status)) {
    return new HookError('E_HOOK_LATER', message, { fault: 'passing' });
  }
  if (unknownThere.includes(status)) {
    return new HookError('E_HOOK_UNKNOWN', message, {
      fault: 'setup',
      hint: 'Compare the hook’s secret and address with what the receiver has. No event is lost meanwhile.',
    });
  }
  return new HookError('E_HOOK_REFUSED', message, { fault: 'event' });
}

function factsOf(title: string, variable: string | null): VendorFacts {
  return {
    id: 'hooks',
    name: title,
    tokenVariable: 'secret in notify.hooks',
    urlVariable: variable ?? 'notify.hooks in pipeline.yml',
    statusPage: 'the service behind it',
    // A message is no write that the lane's lock protects.
    isFenced: false,
    isMessaging: true,
    isSecretPath: () => variable !== null,
  };
}
