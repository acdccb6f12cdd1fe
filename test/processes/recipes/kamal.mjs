/**
 * A stand-in for kamal over two servers in memory, made from its documentation and what version 2.12 does: each boot, a
 * rollback too, renames a container of the same version and runs a new one; a rollback to what is not there ends with 0.
 */
export function kamal({ state, args, env, save, say, end }) {
  const [verb, ...rest] = args;
  const versionIn = (name) => name.slice('/web-web-'.length);

  if (state.refuses > 0) {
    state.refuses -= 1;
    save();
    say('  ERROR (Net::SSH::ConnectionTimeout): Exception while executing on host 10.0.0.1');
    return end(1);
  }
  if (verb === 'server') exec();
  else if (verb === 'deploy') boot(rest.find((one) => one.startsWith('--version=')).slice(10));
  else if (verb === 'rollback') rollback(rest[0]);
  else throw new Error(`unknown: ${verb}`);

  /** What the servers answer to the recipe's one command. */
  function exec() {
    const command = rest.find((word) => word.includes("| xargs -r docker inspect --format '{"));
    const asked = rest.includes('--primary') ? state.servers.slice(0, 1) : state.servers;
    say(`Running '${command}' on ${asked.map(({ host }) => host).join(', ')}...`);
    for (const { host, containers, target } of asked) {
      say(`  INFO [9f1c] Running /usr/bin/env ${command} on ${host}\nApp Host: ${host}`);
      say(`server: ${host}\nService  Host       Target            State    TLS`);
      say(`web-web  acme.test  ${target.slice(0, 12)}:80  running  no`);
      for (const one of containers) say(JSON.stringify(one));
      say('\n');
    }
  }

  function rollback(version) {
    const isThere = ({ containers }) => containers.some(({ name }) => versionIn(name) === version);
    if (state.servers.every(isThere)) return boot(version);
    say(`The app version '${version}' is not available as a container`);
  }

  function boot(version) {
    const now = new Date().toISOString();
    for (const server of state.servers) {
      const before = server.containers.find(({ id }) => id === server.target);
      for (const one of server.containers)
        if (versionIn(one.name) === version) one.name += `_replaced_${server.containers.length}`;
      // As config/deploy.yml says it in ERB.
      const { LOCKSTEP_KEY = '', LOCKSTEP_OPERATION = '' } = env;
      const made = {
        id: `${server.host.slice(-1)}${server.containers.length + 1}`.padEnd(64, 'f'),
        name: `/web-web-${version}`,
        created: now,
        image: `${state.image}:${version}`,
        labels: {
          service: 'web',
          'lockstep.key': LOCKSTEP_KEY,
          'lockstep.operation': LOCKSTEP_OPERATION,
        },
        state: {
          Running: true,
          Restarting: false,
          StartedAt: now,
          FinishedAt: '0001-01-01T00:00:00Z',
        },
      };
      server.containers.push(made);
      if (!state.isUnhealthy) server.target = made.id;
      const ended = state.isUnhealthy ? made : before;
      ended.state = { ...ended.state, Running: false, FinishedAt: new Date().toISOString() };
    }
    save();
    if (!state.isUnhealthy) return say('  Finished all in 4.2 seconds');
    say('  ERROR (SSHKit::Command::Failed): target failed to become healthy within 30s');
    end(1);
  }
}
