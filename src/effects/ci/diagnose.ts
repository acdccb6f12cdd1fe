/** What a check-up asks of the CIs: whether their tokens are taken, and may read what a run reads. */
import { type Diagnosis, fault, ok, warning } from '../diagnosis.ts';
import type { HttpRequest } from '../http/request.ts';
import type { Ports } from '../ports.ts';
import { circleCiApi, circleci } from './circleci-vendor.ts';
import { gitHubHeaders, github } from './github-vendor.ts';

export interface TokenInput {
  readonly baseUrl: string;
  readonly token: string | null;
  /** Without it the lane's lock cannot be read, or git's order not be told. */
  readonly isNeeded: boolean;
}

const asked = async ({ http }: Ports, request: HttpRequest) => (await http.send(request)).status;

/** @param repository `acme/web`; null: it is not known */
export const gitHubToken = (
  { baseUrl, token, isNeeded }: TokenInput,
  repository: string | null,
  ports: Ports,
): Diagnosis => ({
  id: 'github.token',
  subject: github.tokenVariable,
  why: 'With it a shallow clone does, a dead holder’s run is known to have ended, and release notes are whole.',
  async look() {
    const lacking = `${github.tokenVariable} is not set`;
    if (token === null) {
      return isNeeded
        ? [fault(lacking, 'Set it: lock.provider or this shallow clone needs it.')]
        : [];
    }
    if (repository === null) return [];
    const status = await asked(ports, {
      vendor: github,
      method: 'GET',
      url: `${baseUrl}/repos/${repository}/commits?per_page=1`,
      headers: gitHubHeaders(token),
      signal: ports.signal,
    });
    if (status === 200) return [ok(`it reads ${repository}`)];
    const found =
      status === 401
        ? `GitHub does not know the token in ${github.tokenVariable}`
        : `GitHub answered ${status}: the token does not read ${repository}`;
    const remedy = 'It needs contents: read and actions: read of that repository.';
    return [isNeeded ? fault(found, remedy) : warning(found, remedy)];
  },
});

export const circleCiToken = (
  { baseUrl, token, isNeeded }: TokenInput,
  ports: Ports,
): Diagnosis => ({
  id: 'circleci.token',
  subject: circleci.tokenVariable,
  why: 'With it a dead holder’s job is known to have ended; lock.provider: circleci reads the lane by it.',
  async look() {
    const make =
      'Make a personal API token in CircleCI’s user settings, and set it in the context.';
    if (token === null) {
      return isNeeded ? [fault(`${circleci.tokenVariable} is not set`, make)] : [];
    }
    const status = await asked(ports, {
      vendor: circleci,
      method: 'GET',
      url: `${circleCiApi(baseUrl)}/me`,
      headers: { 'circle-token': token },
      signal: ports.signal,
    });
    if (status === 200) return [ok('CircleCI takes it')];
    const found = `CircleCI answered ${status} to the token in ${circleci.tokenVariable}`;
    return [isNeeded ? fault(found, make) : warning(found, make)];
  },
});
