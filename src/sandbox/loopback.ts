/**
 * Who may speak to the sandbox's ports: programs on this machine, not a page in somebody's browser. A page can have
 * its own name resolved to 127.0.0.1 (DNS rebinding), and then sends that name as `Host`; one of another site sends
 * its site as `Origin` with everything but a plain GET.
 */

const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * @param headers as they came; undefined where there was none
 * @param port that the request came in at
 * @returns why it is refused; null when it is let in
 */
export function strangerAt(
  { host, origin }: { host: string | undefined; origin: string | undefined },
  port: number,
): string | null {
  const own = loopback.map((name) => `${name}:${port}`);
  if (host === undefined || !own.includes(host.toLowerCase())) {
    return `this is ${own[0]}: the request's Host is ${host === undefined ? 'missing' : 'another'}`;
  }
  if (origin !== undefined && !own.some((each) => origin === `http://${each}`)) {
    return `this is http://${own[0]}: the request comes from another Origin`;
  }
  return null;
}
