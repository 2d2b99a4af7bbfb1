import type { Trial } from '../trial.js';
import { openKills } from '../victims.js';

export const interrupts: Trial = {
  name: 'interrupts',
  about:
    'SIGINT and SIGTERM at random moments of a change: it says applied, not applied, or unknown with the id; and it is so',
  units: 30,
  quick: 1,
  least: { kills: 300, 'hit while it ran': 180, 'said applied': 20, 'said not applied': 20 },
  leastQuick: { kills: 10, 'hit while it ran': 4 },
  open: (shard) => openKills(shard, ['SIGINT', 'SIGTERM']),
};
