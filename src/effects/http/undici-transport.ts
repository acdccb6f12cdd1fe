/** The real transport: one undici agent, kept-alive connections, the proxies that the environment names. */
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { NoAnswer } from './errors.ts';
import { tooLarge } from './pages.ts';
import type { HttpRequest, Transport } from './request.ts';

/** The longest body that is read of an answer. */
const bodyBytesMax = 32 * 1024 * 1024;
const connectTimeoutMs = 10_000;

/** `close` ends every connection, with what may still be under way on it. */
export interface UndiciTransport {
  readonly send: Transport;
  close(): Promise<void>;
}

/**
 * Redirects are for the client to follow, and bodies are read whole, up to 32 MiB. `HTTPS_PROXY`, `HTTP_PROXY`
 * and `NO_PROXY` are obeyed, in either case. It has no deadline of its own but for connecting, 10 s.
 */
export function undiciTransport(): UndiciTransport {
  const dispatcher = newDispatcher();
  const send: Transport = async (request) => {
    const { method, url, signal, onPiece, headers = {}, body = null } = request;
    let response: Dispatcher.ResponseData;
    const chunks: Uint8Array[] = [];
    try {
      const { origin, pathname, search } = new URL(url);
      const path = pathname + search;
      response = await dispatcher.request({ origin, path, method, signal, headers, body });
      try {
        let left = bytesRead(request, response.statusCode);
        if (left === 0) giveUp(response.body);
        else {
          for await (const chunk of response.body) {
            chunks.push(chunk.subarray(0, left));
            onPiece?.(chunk, response.statusCode);
            left -= chunk.length;
            // Left before its end, the body is given up, and its connection with it.
            if (left <= 0) break;
          }
        }
      } catch (error) {
        const isOpen = onPiece !== undefined && signal.aborted;
        const isEnough = request.refusalBytesMax !== undefined || isOpen;
        if (!isEnough) throw error;
      }
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'UND_ERR_RES_EXCEEDED_MAX_SIZE') throw new NoAnswer(...explain(code));
      throw tooLarge(request, 'more than 32 MiB');
    }
    return {
      status: response.statusCode,
      headers: lowerCased(response.headers),
      body: Buffer.concat(chunks).toString('utf8'),
    };
  };
  return { send, close: () => dispatcher.destroy() };
}

/** How much of an answer's body is wanted. */
function bytesRead({ refusalBytesMax }: HttpRequest, status: number): number {
  if (refusalBytesMax === undefined) return Number.POSITIVE_INFINITY;
  return status < 300 ? 0 : refusalBytesMax;
}

function giveUp(body: Dispatcher.ResponseData['body']): void {
  // It tells as an error that nobody read it.
  body.on('error', () => {});
  body.destroy();
}

function newDispatcher(): Dispatcher {
  const options = {
    connect: { timeout: connectTimeoutMs },
    maxResponseSize: bodyBytesMax,
    // The client's deadline covers these; a second one would only contradict it.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const proxied = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some(
    (name) => (process.env[name] ?? '') !== '',
  );
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}

function lowerCased(headers: Record<string, string | string[] | undefined>) {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) all[name.toLowerCase()] = [value].flat().join(', ');
  }
  return all;
}

/** The stable code of an error, or of what caused it: Node's, OpenSSL's or undici's. */
function codeOf(error: unknown): string {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    if ('code' in e && typeof e.code === 'string') return e.code;
    // undici gives the parser's own reason as the code, and none where the parser has none.
    if (e.name === 'HTTPParserError') return 'HPE_INVALID';
  }
  return '';
}

/** Failures to connect: nothing was sent. */
const notConnected: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 10 s',
  UND_ERR_PRX_TLS: 'the proxy refused',
};

const cutOff: Readonly<Record<string, string>> = {
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'the connection was closed before the answer was whole',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_ABORTED: 'the request was given up',
};

/** In words, and whether the request may have been sent. Never the error's own text: it may hold a URL. */
function explain(code: string): [reason: string, sent: boolean] {
  const before = notConnected[code];
  if (before !== undefined) return [before, false];
  if (/CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO_|^ERR_SSL/.test(code)) {
    return [`its certificate was not accepted (${code})`, false];
  }
  if (code.startsWith('HPE_')) return [`the answer is not HTTP (${code})`, true];
  return [cutOff[code] ?? (code === '' ? 'the connection failed' : code), true];
}
