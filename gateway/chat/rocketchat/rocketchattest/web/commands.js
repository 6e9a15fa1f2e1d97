// The iframe integration: a customer's page that embeds the chat commands it and hears what happens in it.

// listenForCommands obeys the origins of the setting alone, matched exactly. Nothing is answered; the console says why.
export function listenForCommands(settings, commands) {
  if (!settings.enabled) return;
  const origins = settings.origins.split(',');
  window.addEventListener('message', async ({ data, origin }) => {
    const name = data?.externalCommand;
    if (typeof name !== 'string') return;
    if (!origins.includes('*') && !origins.includes(origin)) {
      console.error('externalCommand from a disallowed origin', origin);
      return;
    }
    if (!Object.hasOwn(commands, name)) {
      console.error('unknown externalCommand', name);
      return;
    }
    try {
      await commands[name](data);
    } catch (error) {
      console.error('externalCommand', name, error);
    }
  });
}

// eventSender returns a function that tells the embedding window, when there is one and the settings allow it.
export function eventSender(settings) {
  return (eventName, data) => {
    if (settings.enabled && window.parent !== window) window.parent.postMessage({ eventName, data }, settings.origin);
  };
}
