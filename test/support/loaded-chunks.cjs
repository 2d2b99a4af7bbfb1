'use strict';

// Preloaded into the built program: at its end tells on stderr which chunks of it have run, by name without hash. They are
// packed into few files; what loads them keeps each in a map, by the name of its chunk.
const names = new Set();
const set = Map.prototype.set;
Map.prototype.set = function (key, value) {
  const name = typeof key === 'string' ? /^(.+)-[A-Z0-9]{8}\.js$/.exec(key)?.[1] : undefined;
  if (name !== undefined) names.add(name);
  return set.call(this, key, value);
};

process.on('exit', () => process.stderr.write(`loaded: ${JSON.stringify([...names])}\n`));
