// The world that the Go test opened: where everything is, and the few acts on it that no browser can do.

// world is where everything is. The matrix has several, and enters them one after the other.
export let world = JSON.parse(process.env.CHATGATE_WORLD ?? 'null');

export function enterWorld(next) {
  world = next;
}

// act asks the Go test to change the world: "rocketchat-fails", "rocketchat-recovers", "deactivate-bob".
export async function act(name) {
  const response = await fetch(`${world.control}/${name}`, { method: 'POST' });
  if (!response.ok) throw new Error(`the world cannot ${name}: ${response.status}`);
}
