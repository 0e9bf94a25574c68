import assert from 'node:assert/strict'
import { it } from 'node:test'
import { serviceUnavailable } from '../machinery/status-error.js'
import { configFolder } from './test-config-file.js'
import { WatchedWorker } from './watched-worker.js'

it('a thread is not to blame when the one that asks it is held up', async () => {
  await using folder = await configFolder()
  const worker = new WatchedWorker({
    file: await folder.write('export default {}'),
    handle: () => Promise.reject(serviceUnavailable('there is none')),
    onMessage: () => {},
  })
  try {
    await worker.loaded
    const answered = worker.answers(1_000)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200)
    assert.ok(await answered)
  } finally {
    await worker.end()
  }
})
