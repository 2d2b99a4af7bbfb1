'use strict';

// Runs the built program again and again in one process: each message is a command line, each reply its exit code.
// That leaves out what 64 starts of node cost, and nothing of what 64 processes do to one document.
const path = require('node:path');
const { start } = require('../../dist/start.js');
const { version } = require('../../package.json');

// Each start listens for errors on the streams; one process has but one start outside of this test.
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);

const launcher = path.join(__dirname, '../../bin/rlctl.js');

// Each run of the program listens to the streams of its process, which normally sees one.
process.setMaxListeners(0);
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);

process.on('message', (args) => {
  process.argv = [process.execPath, launcher, ...args];
  process.exitCode = 0;
  void start(version).then(() => process.send(process.exitCode));
});
