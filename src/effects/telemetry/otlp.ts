/** Sends traces to a receiver of OTLP over HTTP, in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
import { z } from 'zod';
import { LockstepError } from '../../errors/error.ts';
import { ensureOk } from '../http/answers.ts';
import type { HttpRequest } from '../http/request.ts';
import type { Ports } from '../ports.ts';
import { type OtlpReceiver, otlp } from './vendor.ts';

const answerSchema = z.looseObject({
  partialSuccess: z
    .looseObject({
      /** A number of 64 bits is a text in this JSON. */
      rejectedSpans: z.union([z.string(), z.number()]).optional(),
      errorMessage: z.string().optional(),
    })
    .nullish(),
});

/** @throws VendorUnreachable, VendorRefused; E_TRACES_REJECTED it took them, but not all */
export async function sendTraces(
  { url, headers }: OtlpReceiver,
  body: string,
  { http, signal }: Pick<Ports, 'http' | 'signal'>,
): Promise<void> {
  const request: HttpRequest = {
    vendor: otlp,
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal,
  };
  const response = ensureOk(request, await http.send(request));
  const rejected = rejectedIn(response.body);
  if (rejected === null) return;
  throw new LockstepError(
    'E_TRACES_REJECTED',
    `${otlp.name} rejected ${rejected.spans} of the spans: ${rejected.why}`,
    {
      hint: 'It has the others. Sending the same again changes nothing before what it says is mended.',
      details: { rejected: rejected.spans },
    },
  );
}

/** Null: all were taken. What cannot be read says nothing else than its status did. */
function rejectedIn(body: string): { readonly spans: number; readonly why: string } | null {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return null;
  }
  const read = answerSchema.safeParse(answer).data?.partialSuccess;
  const spans = Number(read?.rejectedSpans ?? 0);
  return spans > 0 ? { spans, why: read?.errorMessage || 'no reason is given' } : null;
}
