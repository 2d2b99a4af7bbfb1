'use strict';

// Preloaded into the built program: at its end tells on stderr which files of dist/ it has loaded, by name without hash.
const { basename, sep } = require('node:path');

process.on('exit', () => {
  const files = Object.keys(require.cache).filter((file) => file.includes(`${sep}dist${sep}`));
  const names = files.map((file) => basename(file, '.js').replace(/-[A-Z0-9]{8}$/, ''));
  process.stderr.write(`loaded: ${JSON.stringify(names)}\n`);
});
