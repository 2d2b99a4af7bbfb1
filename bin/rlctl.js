#!/usr/bin/env node
'use strict';

const path = require('node:path');
const { version } = require('../package.json');

// Answered before anything is loaded: it is what scripts ask first and most.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.on('error', ({ code }) => {
    if (code === 'EPIPE') return;
    process.exitCode = 1;
    process.stderr.write(`error: the output could not be written (${code})\n`);
  });
  process.stdout.write(`${version}\n`);
} else if (process.argv[2] === '__complete') {
  // One TAB of a shell: answered from plain data, before the program proper is loaded.
  const { loadProgram } = require('../dist/load.js');
  const place = { dist: path.join(__dirname, '..', 'dist'), require };
  const { startCompletion } = loadProgram('./complete.js', place, process.argv.slice(2), process.env);
  startCompletion(process.argv.slice(3), require('../dist/command-tree.json'));
} else {
  const { loadProgram } = require('../dist/load.js');
  const place = { dist: path.join(__dirname, '..', 'dist'), require };
  loadProgram('./start.js', place, process.argv.slice(2), process.env).start(version);
}
