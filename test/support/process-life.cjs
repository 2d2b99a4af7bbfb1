// Loaded into a program with --require: leaves in the file that LIFE_FILE names how long it ran from here on, and for how much
// of that it was kept from running, by its own work or by a busy machine; both in milliseconds.
const { writeFileSync } = require('node:fs');

const everyMs = 20;
const life = { startMs: performance.now(), lastMs: performance.now(), lagMs: 0 };

function look() {
  const nowMs = performance.now();
  life.lagMs += Math.max(0, nowMs - life.lastMs - everyMs);
  life.lastMs = nowMs;
}

setInterval(look, everyMs).unref();
process.on('exit', () => {
  look();
  writeFileSync(process.env.LIFE_FILE, JSON.stringify({ ranMs: life.lastMs - life.startMs, lagMs: life.lagMs }));
});
