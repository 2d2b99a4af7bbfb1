#!/usr/bin/env node
'use strict';

const { version } = require('../package.json');

// Answered before anything is loaded: it is what scripts ask first and most.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  require('../dist/start.js').start(version);
}
