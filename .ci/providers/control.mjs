// The line protocol between a test and a provider that it started. The provider prints one JSON line when it serves;
// the test writes a command a line and reads one JSON line each. The end of the input ends the provider, so that none
// outlives its test.

import { createInterface } from 'node:readline';

// Standard output is for the protocol; what a library has to tell goes where errors go.
console.info = console.error;
console.log = console.error;

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

export async function obey(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = commands[line.trim()];
    say(command ? await command() : { error: `unknown command ${JSON.stringify(line)}` });
  }
  process.exit(0);
}
