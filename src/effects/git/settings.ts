/** What of git's configuration is of use here: who works here, and the credentials that a checkout left in it. */
import { hide, hidePasswordsOf } from '../../redaction/gate.ts';
import { type Git, textOf } from './process.ts';

export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** What of git's configuration is of use here, in the order in which the later one counts. */
export async function readSettings(git: Git): Promise<readonly Setting[]> {
  const names = '^(user\\.(name|email)|remote\\..*url|url\\..*|http\\..*extraheader)$';
  const run = await git(['config', '--null', '--get-regexp', names]);
  return textOf(run)
    .split('\0')
    .map((entry) => {
      const [name = '', value = ''] = entry.split('\n');
      return { name, value };
    });
}

/** `user.name <user.email>`, or the one of both that there is; null without either. */
export function identityOf(settings: readonly Setting[]): string | null {
  const read = (key: string) => settings.findLast(({ name }) => name === key)?.value.trim() ?? '';
  const [name, email] = [read('user.name'), read('user.email')];
  if (name !== '' && email !== '') return `${name} <${email}>`;
  return name || email || null;
}

/** What a checkout left in git's configuration: passwords in remotes' addresses, a header with a token. */
export function hideCredentials(settings: readonly Setting[]): void {
  for (const { name, value } of settings) {
    hidePasswordsOf(value, name.replace(/^url\.(.*)\.[a-z]+$/i, '$1'));
    const [, scheme, credentials] = /^authorization:\s*(\S+)\s+(\S+)$/i.exec(value) ?? [];
    if (credentials === undefined) continue;
    hide(credentials);
    if (scheme?.toLowerCase() === 'basic') {
      hide(
        Buffer.from(credentials, 'base64')
          .toString()
          .replace(/^[^:]*:/, ''),
      );
    }
  }
}
