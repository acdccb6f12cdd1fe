/** A receiver of OTLP as the HTTP client has to know it. */
import type { VendorFacts } from '../http/vendor-facts.ts';

export interface OtlpReceiver {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The variable that holds those headers. */
export const otlpHeadersVariable = 'PIPELINE_OTLP_HEADERS';

/** What it is sent is read by people, elsewhere: the client takes secrets out of it. */
export const otlp: VendorFacts = {
  id: 'otlp',
  name: 'the OTLP receiver',
  tokenVariable: otlpHeadersVariable,
  urlVariable: '--otlp',
  statusPage: 'the service behind it',
  isFenced: false,
  isMessaging: true,
};
