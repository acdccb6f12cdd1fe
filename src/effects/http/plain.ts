/** Over plain HTTP a token can be read on the way: it goes there only within this machine. */

/** Whether nobody on the way can read what is sent to this URL: https, or a host that is this machine. */
export function isPrivate(url: URL): boolean {
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
