import type { Trial } from '../trial.js';
import { openKills } from '../victims.js';

export const kills: Trial = {
  name: 'kills',
  about: 'kill -9 at random moments of a change, half of them while the write is on its way: the document stays whole',
  units: 50,
  quick: 1,
  least: { kills: 500, 'hit while it ran': 300, 'of these already written': 30 },
  leastQuick: { kills: 10, 'hit while it ran': 4 },
  open: (shard) => openKills(shard, ['SIGKILL']),
};
