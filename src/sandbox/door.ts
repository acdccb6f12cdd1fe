/** Where requests come in: each is noted in the journal, and may meet a fault before its stand-in or after. */
import { type Faults, suffer } from './faults.ts';
import { entryOf, type Received } from './journal.ts';
import type { Service } from './service.ts';

export type Host = (request: Request) => Promise<Response> | Response;

export interface DoorOptions {
  readonly hosts: Readonly<Record<Service, Host>>;
  readonly faults: Faults;
  readonly received: Received[];
  readonly now: () => number;
}

export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Rejects where a connection would be cut; waits for the signal where it would hang. */
  async attend(service: Service, request: Request): Promise<Response> {
    const { hosts, faults, received, now } = this.#options;
    const entry = await entryOf(service, request, now());
    const fault = faults.take(service, entry.method, entry.path);
    let noted = false;
    const note = (status: number | null): void => {
      if (!noted) received.push({ ...entry, status });
      noted = true;
    };
    const carryOut = async (): Promise<Response> => {
      const response = await hosts[service](request);
      note(response.status);
      return response;
    };
    if (fault === null) return carryOut();
    if (fault.kind === 'reset' || fault.kind === 'hang') note(null);
    const response = await suffer(fault, carryOut, request.signal);
    note(response.status);
    return response;
  }
}
