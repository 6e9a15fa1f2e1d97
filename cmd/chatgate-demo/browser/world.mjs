// The world that the Go test opened: where everything is, and the few acts on it that no browser can do.

// world is where everything is. The matrix has several, and enters them one after the other.
export let world = JSON.parse(process.env.CHATGATE_WORLD ?? 'null');

export function enterWorld(next) {
  world = next;
}

// trust is what a browser has to be told in order to open a world behind TLS: names to be found on this machine, and the
// hash of the key (spki) whose certificate holds for them.
export const trust = JSON.parse(process.env.CHATGATE_TRUST ?? '{"names": []}');

// act asks the Go test to change the world: "rocketchat-fails", "rocketchat-recovers", "deactivate-bob", "provider-ends-ada",
// "forward/…".
export async function act(name) {
  const response = await fetch(`${world.control}/${name}`, { method: 'POST' });
  if (!response.ok) throw new Error(`the world cannot ${name}: ${response.status}`);
}

// tokensMade tells how many login tokens Rocket.Chat was asked to make.
export async function tokensMade() {
  return Number(await (await fetch(`${world.control}/tokens-made`)).text());
}

// logins tells how many logins of a person Rocket.Chat knows.
export async function logins(username) {
  return Number(await (await fetch(`${world.control}/logins/${username}`)).text());
}

// forward moves the clock of the world by so many ms.
export const forward = (ms) => act(`forward/${ms}ms`);
