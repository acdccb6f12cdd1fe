/** Asks an environment's endpoints until they answer as they should, from the commit that was released. */
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import { counted } from '../../format/words.ts';
import type { Endpoint, Release } from '../../machine/events.ts';
import type { ServiceInput, ServiceOutput } from '../../machine/services.ts';
import { cutOff } from '../../redaction/cut.ts';
import { VendorMalformed, VendorUnreachable } from '../http/errors.ts';
import type { HttpResponse } from '../http/request.ts';
import { shownName } from '../http/shown.ts';
import type { Ports } from '../ports.ts';
import type { Target } from '../targets/target.ts';

type Input = Pick<ServiceInput<'checkHealth'>, 'release' | 'commit' | 'endpoints'>;
export type AnsweredEndpoint = ServiceOutput<'checkHealth'>['endpoints'][number];

const askTimeoutMs = 10_000;
const pauseMs = { afterRight: 1_000, afterWrong: 2_000 };

/**
 * One endpoint after another. An answer is right when its status, and where they are set its body,
 * header and revision, are; redirects are not followed. Only so many right answers in a row count.
 * A revision is right when it is the commit, or an abbreviation of it of 7 digits or more. Without
 * one nothing tells an earlier release's answers from this one's: where its instances go on answering
 * beside the new ones, their end is waited for first. That wait is not part of the endpoint's deadline.
 *
 * @param options.once they answered right a moment ago: no earlier release is waited for, and one right answer will do
 * @throws E_ENDPOINT naming the URL, what was wrong last, and the attempts
 */
export async function askEndpoints(
  target: Target,
  { release, commit, endpoints }: Input,
  ports: Ports,
  { once }: { readonly once: boolean },
): Promise<AnsweredEndpoint[]> {
  const answered: AnsweredEndpoint[] = [];
  let areAlone = once;
  for (const endpoint of endpoints) {
    if (endpoint.revision === null && !areAlone) {
      await awaitOverlap(target, release, ports);
      areAlone = true;
    }
    const wanted = once ? { ...endpoint, successes: 1 } : endpoint;
    answered.push(await verify(target, wanted, commit, ports));
  }
  return answered;
}

async function awaitOverlap(target: Target, release: Release, ports: Ports): Promise<void> {
  const restMs = await target.overlapMs(release, ports);
  if (restMs <= 0) return;
  ports.progress(
    `${target.settings.name}: instances of the release before may still answer; waiting ${formatDuration(restMs)} before its endpoints are asked`,
  );
  await ports.clock.sleep(restMs, ports.signal);
}

async function verify(
  target: Target,
  endpoint: Endpoint,
  commit: string,
  ports: Ports,
): Promise<AnsweredEndpoint> {
  const { timeoutMs, successes } = endpoint;
  const url = shownName({ vendor: 'endpoint', url: endpoint.url });
  const deadline = ports.clock.ran() + timeoutMs;
  let inARow = 0;
  let told: string | null = null;
  for (let attempts = 1; ; attempts++) {
    const answer = await ask(endpoint, commit, ports);
    inARow = answer.wrong === null ? inARow + 1 : 0;
    if (inARow >= successes) {
      return { url, status: answer.status, attempts, revision: answer.revision };
    }
    if (answer.wrong !== null && answer.wrong !== told) {
      ports.progress(`${url}: ${answer.wrong}; asking again`);
    }
    told = answer.wrong;
    const restMs = deadline - ports.clock.ran();
    if (restMs <= 0) {
      const last = answer.wrong ?? `only ${inARow} of ${successes} right answers in a row`;
      throw endpointFailed(target, url, { ...answer, wrong: last }, attempts, timeoutMs);
    }
    const pause = answer.wrong === null ? pauseMs.afterRight : pauseMs.afterWrong;
    await ports.clock.sleep(Math.min(pause, restMs), ports.signal);
  }
}

interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly revision: string | null;
  /** What is wrong with it, in words; null when it is right. */
  readonly wrong: string | null;
}

async function ask(endpoint: Endpoint, commit: string, ports: Ports): Promise<Answer> {
  const { url, status: wanted, body, header } = endpoint;
  const response = await get(url, ports);
  if (typeof response === 'string') return { status: 0, revision: null, wrong: response };
  const { status } = response;
  const wrong = (why: string, revision: string | null = null) => ({ status, revision, wrong: why });
  if (status !== wanted) {
    const redirect = status >= 300 && status < 400 ? ' (redirects are not followed)' : '';
    return wrong(`status ${status}, not ${wanted}${redirect}`);
  }
  if (body !== null && !response.body.includes(body)) {
    return wrong(`the body does not contain ${quoted(body)}`);
  }
  if (header !== null) {
    const value = response.headers[header.name.toLowerCase()];
    if (value === undefined) return wrong(`it has no header ${header.name}`);
    if (value !== header.value) {
      return wrong(`its header ${header.name} is ${quoted(value)}, not ${quoted(header.value)}`);
    }
  }
  if (endpoint.revision === null) return { status, revision: null, wrong: null };
  const { revision, why } = await revisionOf(endpoint.revision, response, ports);
  if (revision === null) return wrong(why);
  if (isRevision(revision, commit)) return { status, revision, wrong: null };
  return wrong(`it answers from ${quoted(revision)}, not from ${commit}`, revision);
}

async function revisionOf(
  where: NonNullable<Endpoint['revision']>,
  response: HttpResponse,
  ports: Ports,
): Promise<{ revision: string | null; why: string }> {
  if ('header' in where) {
    const value = response.headers[where.header.toLowerCase()]?.trim() ?? '';
    if (value !== '') return { revision: cutOff(value, shownLengthMax), why: '' };
    return { revision: null, why: `it has no header ${where.header} with its revision` };
  }
  const told = await get(where.url, ports);
  const at = shownName({ vendor: 'endpoint', url: where.url });
  if (typeof told === 'string') return { revision: null, why: `its revision at ${at}: ${told}` };
  if (told.status !== 200) {
    return { revision: null, why: `its revision at ${at}: status ${told.status}, not 200` };
  }
  const text = told.body.trim();
  if (text === '') return { revision: null, why: `its revision at ${at}: the body is empty` };
  return { revision: cutOff(text, shownLengthMax), why: '' };
}

/** The answer; in words, why there is none. */
async function get(url: string, { http, signal }: Ports): Promise<HttpResponse | string> {
  try {
    return await http.send({
      vendor: 'endpoint',
      method: 'GET',
      url,
      headers: { accept: '*/*', 'cache-control': 'no-cache' },
      signal,
      timeoutMs: askTimeoutMs,
    });
  } catch (error) {
    if (error instanceof VendorUnreachable) return error.reason;
    if (error instanceof VendorMalformed) return 'the answer is too long';
    throw error;
  }
}

function isRevision(revision: string, commit: string): boolean {
  const told = revision.toLowerCase();
  return /^[0-9a-f]{7,40}$/.test(told) && commit.startsWith(told);
}

const shownLengthMax = 80;

/** On one line, and no longer than 80 characters: a page of HTML is no revision. */
function quoted(text: string): string {
  return JSON.stringify(cutOff(text, shownLengthMax));
}

function endpointFailed(
  { settings: { name }, hints }: Target,
  url: string,
  { status, wrong }: Answer,
  attempts: number,
  timeoutMs: number,
): LockstepError {
  return new LockstepError(
    'E_ENDPOINT',
    `${url} did not answer as it should within ${formatDuration(timeoutMs)}: ${wrong} (${counted(attempts, 'attempt')})`,
    {
      hint: `See what it answers: curl -i ${url}, ${hints.logs}. What is expected of it is in pipeline.yml.`,
      details: {
        target: name,
        url,
        status: status === 0 ? null : status,
        wrong,
        attempts,
        timeoutMs,
      },
    },
  );
}
