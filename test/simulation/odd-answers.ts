/** A vendor that now and then answers a question in a way that it should not: one of the fuzzer's mutations, at random. */
import type { HttpResponse, Transport } from '../../src/effects/http/request.ts';
import { answerMutations } from './fuzzer/answer-mutations.ts';
import type { Json } from './fuzzer/json-mutations.ts';

/** @param isDue asked at each answer to a read, with its path: whether it is spoilt; @param random 0 ≤ n < 1 */
export function oddAnswers(
  real: Transport,
  { isDue, random }: { isDue: (path: string) => boolean; random: () => number },
): Transport {
  const before = new Map<string, HttpResponse>();
  return async (request) => {
    const answer = await real(request);
    const whole = answer.status === 200 || answer.status === 206;
    if (request.method !== 'GET' || !whole) return answer;
    const older = before.get(request.url);
    before.set(request.url, answer);
    const { pathname } = new URL(request.url);
    if (!isDue(pathname)) return answer;
    const all = [...answerMutations(pathname, answer)];
    const kin = { sibling: undefined, older: older && (jsonOf(older) ?? undefined) };
    const spoilt = all[Math.floor(random() * all.length)]?.change(answer, kin) ?? answer;
    const { etag: _, ...headers } = spoilt.headers;
    // It must not be remembered as the answer to a question that is asked again.
    return spoilt === answer ? answer : { ...spoilt, headers };
  };
}

function jsonOf({ body }: HttpResponse): Json | null {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return null;
  }
}
