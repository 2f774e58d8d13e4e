/** Statements over a pool whose connections are lost at bad moments. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const { ask, listenTo } = createRequire(import.meta.url)('../lib/statement.js');

/** A pool as `pg` has them, whose connection is lost in the turn in which it is handed out. */
class Pool extends EventEmitter {
  totalCount = 1;
  client = Object.assign(new EventEmitter(), {
    query: async () => ({ rows: [1] }),
    release() {},
  });

  connect() {
    this.emit('acquire', this.client);
    this.client.emit('error', new Error('terminating connection'));
    return Promise.resolve(this.client);
  }
}

test('law 11: a connection that is lost before its waiter goes on ends no process', async () => {
  const pool = new Pool();
  assert.throws(() => pool.connect(), /terminating connection/, 'nobody listens yet');
  listenTo(pool);
  listenTo(pool);
  for (let times = 0; times < 3; times += 1) {
    assert.deepEqual(await ask(pool, 'select 1', [], 1000), [1]);
  }
  assert.equal(
    pool.client.listenerCount('error'),
    1,
    'one listener, however often it was handed out',
  );
});
