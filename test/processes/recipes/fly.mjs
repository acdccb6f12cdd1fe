/**
 * A stand-in for fly over one app in memory, made from its documentation (https://fly.io/docs/flyctl) and from what its
 * JSON has. It deploys as with `strategy = "canary"`: where the canary is not well, no other machine is touched.
 */
export function fly({ state, args, save, say, complain, end }) {
  const [verb, ...rest] = args;

  if (rest[rest.indexOf('--app') + 1] !== 'acme') throw new Error('no app was named');
  if (verb === 'releases' && state.refuses > 0) refuse();
  else if (verb === 'deploy') deploy(rest[rest.indexOf('--image') + 1]);
  else if (verb === 'releases') say(JSON.stringify(state.releases));
  else if (verb === 'machine' && rest[0] === 'list') say(JSON.stringify(state.machines));
  else throw new Error(`unknown: ${verb}`);

  function refuse() {
    state.refuses -= 1;
    save();
    complain(
      'Error: failed retrieving app releases acme: server returned a non-200 status code: 503',
    );
    end(1);
  }

  function deploy(ImageRef) {
    const env = Object.fromEntries(
      rest.flatMap((word, i) =>
        rest[i - 1] === '--env' ? [word.split(/=(.*)/s).slice(0, 2)] : [],
      ),
    );
    const Version = state.releases.length + 1;
    state.releases.unshift({
      ...{ ID: `r${Version}`, Version, Status: state.isUnwell ? 'failed' : 'complete', ImageRef },
      ...{ Stable: false, InProgress: false, Description: 'Release', Reason: '' },
      ...{ CreatedAt: `2026-01-05T10:0${Version}:00Z`, User: { Email: 'ci@acme.test' } },
    });
    if (!state.isUnwell) {
      for (const { config } of state.machines) {
        // Whoever has no fly.toml gets the environment of before.
        config.env = Object.keys(env).length > 0 ? env : config.env;
        config.metadata.fly_release_version = String(Version);
      }
    }
    save();
    complain('==> Verifying app config');
    if (!state.isUnwell) return;
    complain('Error: Failed: canary machine is not healthy');
    end(1);
  }
}
