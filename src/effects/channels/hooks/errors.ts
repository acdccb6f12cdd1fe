/** What a hook fails with, and what that means for the event. */
import { LockstepError } from '../../../errors/error.ts';
import type { ChannelFault } from '../channel.ts';
import type { HookCode } from './error-codes.ts';

/** `event`: this one is not taken, others may be. */
export type HookFault = ChannelFault | 'event';

export class HookError extends LockstepError<HookCode> {
  readonly fault: HookFault;
  constructor(
    code: HookCode,
    message: string,
    options: { readonly fault: HookFault; readonly hint?: string },
  ) {
    super(code, message, options.hint === undefined ? {} : { hint: options.hint });
    this.fault = options.fault;
  }
}

/** What is not known to last may pass. */
export function hookFault(error: unknown): HookFault {
  return error instanceof HookError ? error.fault : 'passing';
}
