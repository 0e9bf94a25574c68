import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { handleLogUpgrade } from './log-upgrade.js'
import { startUpgradeServer } from './test-upgrade-server.js'
import { openWebSocket } from './test-websocket.js'

async function* lines() {
  yield Buffer.from('first\n')
  yield Buffer.from('second\n')
}

const tables: readonly { readonly offered: readonly string[]; readonly messages: readonly (string | Buffer)[] }[] = [
  { offered: [], messages: [Buffer.alloc(0), Buffer.from('first\n'), Buffer.from('second\n')] },
  { offered: ['binary.k8s.io'], messages: [Buffer.alloc(0), Buffer.from('first\n'), Buffer.from('second\n')] },
  { offered: ['base64.binary.k8s.io'], messages: ['', 'Zmlyc3QK', 'c2Vjb25kCg=='] },
]
for (const { offered, messages } of tables) {
  test(`a log with ${offered[0] ?? 'no protocol'}`, async () => {
    await using api = await startUpgradeServer(upgrade => handleLogUpgrade(upgrade, { open: lines }))
    await using client = await openWebSocket(api.url, offered)
    assert.equal(await client.closed, 1000)
    assert.equal(client.socket.protocol, offered[0] ?? '')
    assert.deepEqual(
      client.messages.map(({ binary, data }) => (binary ? data : data.toString())),
      messages,
    )
  })
}

test('reading stops when the client leaves', async () => {
  let reason: unknown
  async function* follow(signal: AbortSignal) {
    yield Buffer.from('line\n')
    await once(signal, 'abort')
    reason = signal.reason
  }
  await using api = await startUpgradeServer(upgrade => handleLogUpgrade(upgrade, { open: follow }))
  await using client = await openWebSocket(api.url, ['binary.k8s.io'])
  await client.until(() => client.messages.length === 2)
  client.socket.close()
  await client.closed
  while (api.openSessions() > 0) await new Promise(setImmediate)
  assert.match(String(reason), /client has left/)
})

test('an error while reading is told in the closing', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it yields anything
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw new Error('the log is gone')
  }
  await using api = await startUpgradeServer(upgrade => handleLogUpgrade(upgrade, { open: broken }))
  await using client = await openWebSocket(api.url, ['binary.k8s.io'])
  const [code, reason] = await once(client.socket, 'close')
  assert.deepEqual([code, String(reason)], [1011, 'the log is gone'])
})
