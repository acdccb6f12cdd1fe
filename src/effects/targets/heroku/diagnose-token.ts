/** Whose token it is, what it may do, and what time it is at Heroku. */

import { formatDuration } from '../../../format/duration.ts';
import { type Diagnosis, type Finding, fault, ok, unknown, warning } from '../../diagnosis.ts';
import { malformed } from '../../http/answers.ts';
import type { HttpRequest } from '../../http/request.ts';
import { appPath } from './api.ts';
import type { Examination } from './examination.ts';
import { heroku } from './vendor.ts';

const better = `Make another one: \`heroku authorizations:create -s write-protected\`, and set ${heroku.tokenVariable}, here and in the CI.`;

/** An app is asked for rather than the account: that tells the scope also of a token that may not read the account. */
export const token = ({ services, places, ports }: Examination): Diagnosis => ({
  id: 'heroku.token',
  subject: heroku.tokenVariable,
  why: 'Builds, releases and promotions are made with it.',
  async look() {
    const path = appPath(places[0]?.app.name ?? '');
    const { status, headers } = await ports.http.send(services.platform.request(path, ports));
    if (status === 401)
      return [fault(`Heroku does not know the token in ${heroku.tokenVariable}`, better)];
    return [findingOf((headers['oauth-scope'] ?? '').split(/[\s,]+/).filter(Boolean))];
  },
});

function findingOf(scope: readonly string[]): Finding {
  const has = (...names: readonly string[]) => names.some((name) => scope.includes(name));
  const shown = scope.join(', ');
  if (scope.length === 0) return unknown('Heroku does not say what the token may do');
  if (!has('global', 'write', 'write-protected')) {
    return fault(`the token may only ${shown}: it cannot build, release or promote`, better);
  }
  if (!has('global', 'write-protected')) {
    return warning(
      `the token’s scope is ${shown}: config vars stay unread, and Heroku may refuse a rollback, which sets them`,
      better,
    );
  }
  return ok(`Heroku takes the token; its scope is ${shown}`);
}

/** Uploads go to addresses that are signed for a time; and what is older than a lease goes by clocks. */
const aheadMaxMs = 60_000;

export const clock = ({ services, places, ports }: Examination): Diagnosis => ({
  id: 'heroku.clock',
  subject: 'this machine’s clock beside Heroku’s',
  why: 'Uploads go to addresses that are signed for a time, and messages and the log tell the time of this machine.',
  async look() {
    const request: HttpRequest = services.platform.request(
      appPath(places[0]?.app.name ?? ''),
      ports,
    );
    await ports.http.send(request);
    const told = ports.http.vendorClock(heroku);
    if (told === null) throw malformed(request, 'it does not tell the time');
    const here = ports.clock.now() - ports.clock.ran();
    const [least, most] = [told.aheadAtLeastMs - here, told.aheadAtMostMs - here];
    if (least <= aheadMaxMs && most >= -aheadMaxMs)
      return [ok('Heroku’s clock and this machine’s agree')];
    const off = formatDuration(Math.min(Math.abs(least), Math.abs(most)));
    return [
      warning(
        `this clock is ${off} ${least > 0 ? 'behind' : 'ahead'}`,
        'Have it set by the network’s time (NTP).',
      ),
    ];
  },
});
