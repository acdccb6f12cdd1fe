/** docs/targets.md: what it shows is what is taken. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/cli/config/config.ts';
import { answers } from '../../src/effects/targets/command/protocol.ts';
import { ReleaseList } from '../../src/effects/targets/command/releases.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/targets.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  );

describe('docs/targets.md', () => {
  it('shows a configuration that is taken', async () => {
    const [production = ''] = blocks('yaml');
    const staging = production.replaceAll('production', 'staging');
    const { production: read } = await parseConfig(
      Buffer.from(`app: acme-web\n${staging}${production}`),
      'pipeline.yml',
    );
    expect(read.target.settings).toMatchObject({ health: ['bin/health', 'production'] });
    expect(read.timeoutMs).toBe(1_200_000);
  });

  it('shows lines that are of the protocol, and that agree', () => {
    const [release = ''] = blocks('json');
    const [, end = ''] = /echo '(.*)'/.exec(blocks('sh')[0] ?? '') ?? [];
    const lines = [release, end].map((line) => answers.current.parse(JSON.parse(line)));
    expect(new ReleaseList(lines, ['current']).observed()).toMatchObject({
      running: { named: '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd', isRollback: false },
      before: null,
    });
  });
});
