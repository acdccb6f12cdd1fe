/** The endpoints that a deploy is checked at, asked once, as they answer now. */
import { type Diagnosis, type Finding, fault, ok, warning } from '../../effects/diagnosis.ts';
import { VendorUnreachable } from '../../effects/http/errors.ts';
import type { Ports } from '../../effects/ports.ts';
import { environmentsOf } from '../../machine/environments.ts';
import type { Endpoint } from '../../machine/events.ts';
import type { Config } from '../config/config.ts';

const askMs = 10_000;

export function endpointChecks(config: Config, ports: Ports): Diagnosis[] {
  return environmentsOf(config).map(({ name, environment: { verify } }) => ({
    id: `endpoints.${name}`,
    subject: `the endpoints of ${name}`,
    why: 'A deploy is right once they answer as they should. One that cannot fail shows nothing.',
    look: async () =>
      verify.endpoints.length === 0
        ? [
            warning(
              `none: of ${name} only its instances are looked at`,
              `Name one under ${name}.verify.endpoints.`,
            ),
          ]
        : Promise.all(verify.endpoints.map((endpoint) => ask(endpoint, ports))),
  }));
}

/** An app that is not deployed yet need not answer rightly; one that cannot be reached never will. */
async function ask(endpoint: Endpoint, { http, signal }: Ports): Promise<Finding> {
  const { url, status, revision } = endpoint;
  try {
    const answer = await http.send({
      vendor: 'endpoint',
      method: 'GET',
      url,
      signal,
      timeoutMs: askMs,
      attemptsMax: 1,
    });
    if (answer.status !== status) {
      return warning(
        `${url} answers ${answer.status}, not ${status}`,
        'Right where nothing is deployed yet. Otherwise mend the endpoint, or its status in pipeline.yml.',
      );
    }
    const header = revision !== null && 'header' in revision ? revision.header : null;
    if (header !== null && answer.headers[header.toLowerCase()] === undefined) {
      return fault(
        `${url} answers ${status}, and without the header ${header} that is to tell its commit`,
        'Have the app send it, or take revision out of the endpoint.',
      );
    }
    return ok(`${url} answers ${status}`);
  } catch (error) {
    if (!(error instanceof VendorUnreachable)) throw error;
    return fault(
      `${url} cannot be reached: ${error.reason}`,
      'Mend the address, or let this machine and the CI reach it.',
    );
  }
}
