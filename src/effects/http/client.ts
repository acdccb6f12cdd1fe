/**
 * The one HTTP client: deadline, retry with jitter of what is safe to repeat, rate limits obeyed,
 * errors typed, and every write fenced.
 */
import { LockstepError } from '../../errors/error.ts';
import { formatDuration } from '../../format/duration.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { Clock } from '../clock.ts';
import { NoAnswer } from './errors.ts';
import { EtagCache } from './etags.ts';
import { clearanceExpired, readable, unreachable, waitTooLong } from './failures.ts';
import { isPrivate } from './plain.ts';
import { followed } from './redirects.ts';
import type { HttpClient, HttpRequest, HttpResponse, Transport, VendorClock } from './request.ts';
import { askedMs, backoffMs, isRateLimited, isRead, waitLeftMs } from './retry.ts';
import { shownName, shownOrigin, shownPath } from './shown.ts';
import { readVendorClock } from './vendor-clock.ts';
import { type RequestBudget, type Vendor, vendorId } from './vendor-facts.ts';

export interface HttpClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** 0 ≤ n < 1; for the jitter. */
  readonly random: () => number;
  /**
   * Awaited before each write that changes a vendor's world: throws when the lane is no longer ours. Null: the write is
   * no request.
   */
  readonly beforeWrite: (request: HttpRequest | null) => Promise<void>;
  /** Told of waits on a vendor's word: rate limits, retries. */
  readonly notice: (line: string) => void;
}

/** Why an attempt ends, or its deadline is called off. A reason that is there already: making an error for each request is slow. */
const over = 'the request is over';
const timeoutMsDefault = 30_000;
const attemptsMaxDefault = 6;

export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new FencedClient(options);
}

class FencedClient implements HttpClient {
  readonly #options: HttpClientOptions;
  readonly #etags = new EtagCache();
  /** Whose request budgets are low. */
  readonly #low = new Set<RequestBudget>();
  /** By the vendor's id. */
  readonly #vendorClocks = new Map<string, VendorClock>();
  /** What was told of redirects, each once. */
  readonly #moved = new Set<string>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const visited: string[] = [];
    for (let asked = request; ; ) {
      const response = await this.#sendTo(asked);
      visited.push(asked.url);
      const next = followed(asked, response, visited);
      if (next === null) return response;
      this.#tellMoved(asked, next);
      asked = next;
    }
  }

  #tellMoved(from: HttpRequest, to: HttpRequest): void {
    const line = `${shownName(from)}: ${shownPath(from)} has moved to ${shownPath(to)}`;
    if (!this.#moved.has(line)) this.#options.notice(line);
    this.#moved.add(line);
  }

  async #sendTo(request: HttpRequest): Promise<HttpResponse> {
    const attemptsMax =
      request.attemptsMax ?? (request.vendor === 'endpoint' ? 1 : attemptsMaxDefault);
    for (let attempt = 1; ; attempt++) {
      request.signal.throwIfAborted();
      await this.#beforeSending(request);
      request.signal.throwIfAborted();
      if (request.isStillCleared?.() === false) throw clearanceExpired(request);
      const outcome = await this.#attempt(request);
      const isOver = attempt >= attemptsMax && !this.#isWaitedFor(request);
      const pauseMs = isOver ? null : this.#pauseMs(request, outcome, attempt);
      if (pauseMs === null) {
        if (outcome instanceof NoAnswer) throw unreachable(request, outcome, attempt);
        return outcome;
      }
      const answered = !(outcome instanceof NoAnswer);
      const what = answered ? `status ${outcome.status}` : outcome.reason;
      const where = answered ? '' : ` at ${shownOrigin(request.url)}`;
      this.#options.notice(
        `${shownName(request)}${where}, ${request.method} ${shownPath(request)}: ${what}; ` +
          `trying again in ${formatDuration(pauseMs)} (attempt ${attempt + 1}${this.#isWaitedFor(request) ? '' : ` of ${attemptsMax}`})`,
      );
      await this.#options.clock.sleep(pauseMs, request.signal);
    }
  }

  /** A read for which there is time: an outage is waited out rather than told as a failure of the step. */
  #isWaitedFor(request: HttpRequest): boolean {
    const { attemptsMax, deadlineMs, vendor } = request;
    if (!isRead(request) || attemptsMax !== undefined || vendor === 'endpoint') return false;
    return deadlineMs !== undefined && this.#options.clock.ran() < deadlineMs;
  }

  assertHeld(): Promise<void> {
    return this.#options.beforeWrite(null);
  }

  vendorClock(vendor: Vendor): VendorClock | null {
    return this.#vendorClocks.get(vendorId(vendor)) ?? null;
  }

  async #beforeSending(request: HttpRequest): Promise<void> {
    const { vendor, signal } = request;
    if (vendor === 'endpoint') return;
    if (!isRead(request)) {
      if (vendor.isFenced) await this.#options.beforeWrite(request);
    } else if (vendor.budget !== undefined && this.#low.has(vendor.budget)) {
      await this.#options.clock.sleep(vendor.budget.pauseMs, signal);
    }
  }

  /**
   * How long to wait before sending it again; null when it is not to be sent again.
   *
   * @throws VendorWait
   */
  #pauseMs(request: HttpRequest, outcome: HttpResponse | NoAnswer, attempt: number): number | null {
    const backoff = backoffMs(attempt, this.#options.random);
    if (outcome instanceof NoAnswer) return isRead(request) ? backoff : null;
    const isRepeated =
      isRateLimited(request, outcome) || (isRead(request) && outcome.status >= 500);
    if (!isRepeated) return null;
    const asked = askedMs(request, outcome, attempt) ?? 0;
    const leftMs = waitLeftMs(request, this.#options.clock.ran());
    if (asked > leftMs) {
      throw waitTooLong(request, outcome, {
        askedMs: asked,
        leftMs,
        nowMs: this.#options.clock.now(),
      });
    }
    // Jitter on top of what is asked, lest all that wait come back at one instant.
    return asked + backoff;
  }

  /** Sends it once. @throws the signal's reason, or VendorMalformed */
  async #attempt(request: HttpRequest): Promise<HttpResponse | NoAnswer> {
    const timeoutMs = request.timeoutMs ?? timeoutMsDefault;
    // One for all ends of an attempt: each signal more is a tenth of what a request takes.
    const attempt = new AbortController();
    const giveUp = () => attempt.abort(request.signal.reason);
    request.signal.addEventListener('abort', giveUp, { once: true });
    let isLate = false;
    this.#options.clock.sleep(timeoutMs, attempt.signal).then(
      () => {
        isLate = true;
        attempt.abort(over);
      },
      () => {},
    );
    try {
      const clean = withoutSecrets(request);
      const conditional = this.#etags.conditional({
        ...clean,
        headers: { 'user-agent': 'lockstep', ...request.headers, ...signed(clean) },
        signal: attempt.signal,
      });
      const sentAt = this.#options.clock.ran();
      const response = await this.#transmit(conditional);
      request.signal.throwIfAborted();
      const told = readVendorClock(response.headers, sentAt, this.#options.clock.ran());
      if (told !== null) this.#vendorClocks.set(vendorId(request.vendor), told);
      this.#watchBudget(request, response);
      return this.#etags.settle(request, response);
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof LockstepError) throw error;
      if (isLate) return new NoAnswer(`no answer within ${formatDuration(timeoutMs)}`, true);
      return error instanceof NoAnswer ? error : new NoAnswer('the connection failed', true);
    } finally {
      request.signal.removeEventListener('abort', giveUp);
      attempt.abort(over);
    }
  }

  /** Every request goes through here, whatever URL it has by now. */
  async #transmit(request: HttpRequest): Promise<HttpResponse> {
    const { vendor, url } = request;
    if (vendor !== 'endpoint' && !isPrivate(new URL(url))) throw readable(request, vendor);
    return this.#options.transport(request);
  }

  #watchBudget({ vendor }: HttpRequest, { headers }: HttpResponse): void {
    if (vendor === 'endpoint' || vendor.budget === undefined) return;
    const { budget, name } = vendor;
    const text = headers[budget.header];
    if (text === undefined || !/^\d+$/.test(text)) return;
    const left = Number(text);
    if (left >= budget.enough) this.#low.delete(budget);
    if (left >= budget.low || this.#low.has(budget)) return;
    this.#low.add(budget);
    this.#options.notice(
      `${name} leaves this account ${left} more requests for now; reading it more slowly`,
    );
  }
}

/** A message goes to people: its body passes the gate, value by value. The request's own token is in its headers. */
function withoutSecrets(request: HttpRequest): HttpRequest {
  const { vendor, body } = request;
  const goesToPeople = vendor !== 'endpoint' && vendor.isMessaging === true;
  if (!goesToPeople || typeof body !== 'string') return request;
  return { ...request, body: JSON.stringify(redactAll(JSON.parse(body))) };
}

function signed({ body, sign }: HttpRequest): Readonly<Record<string, string>> {
  return typeof body === 'string' && sign !== undefined ? sign(body) : {};
}
