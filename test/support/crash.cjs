'use strict';

// Preloaded into the built program: a defect deep inside of a library, whose error holds what was just sent. A socket throws
// at the write of number CRASH_AT, else the third, as a programming error would, with the bytes in its message.
const { Socket } = require('node:net');
const sent = { count: 0 };
Socket.prototype.write = new Proxy(Socket.prototype['write'], {
  apply(write, socket, given) {
    sent.count += 1;
    if (sent.count === Number(process.env['CRASH_AT'] ?? 3)) {
      const error = new TypeError(`cannot read properties of ${String(given[0])}`);
      error.headers = String(given[0]);
      setImmediate(() => {
        throw error;
      });
    }
    return Reflect.apply(write, socket, given);
  },
});
