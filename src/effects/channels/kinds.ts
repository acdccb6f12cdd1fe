/** Every kind of channel. A new one is a file or a folder beside this file and a line here. */
import type { ChannelKind } from './channel-kind.ts';
import { gitHubKind } from './github/kind.ts';
import { hooksKind } from './hooks/kind.ts';
import { slackKind } from './slack/kind.ts';

export const channelKinds: readonly ChannelKind[] = [slackKind, gitHubKind, hooksKind];
