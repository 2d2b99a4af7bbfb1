'use strict';

// Preloaded into the built program: at its end tells on stderr which chunks of it have run, by name without hash. They are
// packed into few files; what loads them keeps each in a map, by the name of its chunk.
const names = new Set();
const { prototype } = Map;
prototype.set = new Proxy(prototype['set'], {
  apply(set, map, given) {
    const name = typeof given[0] === 'string' ? /^(.+)-[A-Z0-9]{8}\.js$/.exec(given[0])?.[1] : undefined;
    if (name !== undefined) names.add(name);
    return Reflect.apply(set, map, given);
  },
});

process.on('exit', () => process.stderr.write(`loaded: ${JSON.stringify([...names])}\n`));
