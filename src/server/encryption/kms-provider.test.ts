import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import { aesGcm } from '../../storage/encryption/index.js'
import { EncryptionMetrics } from './encryption-metrics.js'
import { decodeEnvelope, encodeEnvelope, hashed } from './kms-envelope.js'
import { dekSource } from './kms-messages.js'
import { KmsProvider } from './kms-provider.js'
import { kmsService } from './kms-service.js'
import { TestKmsPlugin } from './test-kms-plugin.js'

const path = '/registry/secrets/a/x'
const plain = Buffer.from('{"kind":"Secret"}')
const minute = 60_000

async function world(listening = true) {
  const plugin = await TestKmsPlugin.make()
  if (listening) await plugin.listen()
  const clock = new ManualClock()
  const registry = new MetricsRegistry()
  const metrics = new EncryptionMetrics(registry)
  const faults: unknown[] = []
  const providers: KmsProvider[] = []
  const ready = { count: 0 }
  const make = () => {
    const service = kmsService(plugin.endpoint, 60_000, (...call) => metrics.call('a', ...call))
    const provider = new KmsProvider({
      name: 'a',
      service,
      clock,
      metrics,
      onError: error => faults.push(error),
      onReady: () => ready.count++,
    })
    providers.push(provider)
    return provider
  }
  return {
    plugin,
    clock,
    registry,
    faults,
    ready,
    make,
    provider: make(),
    async [Symbol.asyncDispose]() {
      for (const provider of providers) provider[Symbol.dispose]()
      await plugin[Symbol.asyncDispose]()
    },
  }
}

const read = async (provider: KmsProvider, stored: Uint8Array, at = path) => {
  const { bytes, stale } = await provider.transformer.fromStorage(stored, at)
  return { text: Buffer.from(bytes).toString(), stale }
}

describe('a KMS provider', () => {
  it('asks the plugin once for a seed, and encrypts with keys derived from it', async () => {
    await using w = await world()
    await w.provider.check()
    const stored = w.provider.transformer.toStorage(plain, path)
    w.provider.transformer.toStorage(plain, path)
    assert.deepEqual(await read(w.provider, stored), { text: plain.toString(), stale: false })
    assert.deepEqual(w.plugin.calls, ['Status', 'Encrypt'])
    const { keyId, encryptedDekSourceType, annotations } = decodeEnvelope(stored)
    assert.deepEqual([keyId, encryptedDekSourceType], ['key-1', dekSource.derivedAesGcmSeed])
    assert.deepEqual(Object.keys(annotations ?? {}), ['version.encryption.example'])
    await assert.rejects(read(w.provider, stored, '/registry/secrets/a/y'), /message authentication failed/)
  })

  it('reads what another server has written, asking for each seed once', async () => {
    await using w = await world()
    await w.provider.check()
    const stored = [1, 2, 3].map(() => w.provider.transformer.toStorage(plain, path))
    const other = w.make()
    await other.check()
    w.plugin.calls.length = 0
    const expected = { text: plain.toString(), stale: false }
    assert.deepEqual(await Promise.all(stored.map(one => read(other, one))), [expected, expected, expected])
    assert.deepEqual(w.plugin.calls, ['Decrypt'])
    assert.match(w.registry.text(), /cache_misses_total 1\n/)
  })

  it('reads what is encrypted with the plugin’s key itself, as older servers did, and would write it anew', async () => {
    await using w = await world()
    await w.provider.check()
    const dek = Buffer.alloc(32, 9)
    const stored = encodeEnvelope({
      keyId: 'key-1',
      encryptedDekSource: aesGcm(Buffer.alloc(32, 'key-1')).toStorage(dek, ''),
      annotations: w.plugin.annotations,
      encryptedData: aesGcm(dek).toStorage(plain, path),
    })
    assert.deepEqual(await read(w.provider, stored), { text: plain.toString(), stale: true })
  })

  it('makes a new seed when the plugin’s key changes; what is encrypted with the old one is stale', async () => {
    await using w = await world()
    await w.provider.check()
    const stored = w.provider.transformer.toStorage(plain, path)
    w.plugin.keyId = 'key-2'
    await w.provider.check()
    assert.deepEqual(
      await read(w.provider, stored),
      { text: plain.toString(), stale: false },
      'the answer still counts',
    )
    w.clock.advance(20_001)
    await w.provider.check()
    assert.deepEqual(await read(w.provider, stored), { text: plain.toString(), stale: true })
    const { keyId } = decodeEnvelope(w.provider.transformer.toStorage(plain, path))
    assert.equal(keyId, 'key-2')
    const text = w.registry.text()
    for (const key of ['key-1', 'key-2']) assert.ok(text.includes(`key_id_hash="${hashed(key)}"`), key)
  })

  it('goes on for three minutes with the seed it has when the plugin fails, and reads for ever', async () => {
    await using w = await world()
    await w.provider.check()
    const stored = w.provider.transformer.toStorage(plain, path)
    w.plugin.fault = 'out of order'
    w.clock.advance(3 * minute)
    await assert.rejects(
      w.provider.check(),
      /^Error: failed to perform status section of the healthz check for KMS Provider a, error: rpc error: code = Internal desc = out of order$/,
    )
    w.provider.transformer.toStorage(plain, path)
    w.clock.advance(1)
    assert.throws(
      () => w.provider.transformer.toStorage(plain, path),
      /^Error: encryptedDEKSource with keyID hash "sha256:\w+" expired at/,
    )
    assert.equal((await read(w.provider, stored)).text, plain.toString())
    w.plugin.fault = undefined
    w.clock.advance(3_001)
    await w.provider.check()
    w.provider.transformer.toStorage(plain, path)
    assert.equal(w.plugin.calls.filter(name => name === 'Encrypt').length, 1, 'the same key is the same seed')
  })

  for (const [title, spoil, message] of [
    ['is unwell', plugin => (plugin.healthz = 'bad'), 'got unexpected healthz status: bad'],
    ['speaks another version', plugin => (plugin.version = 'v1'), 'expected KMSv2 API version v2, got v1'],
    ['has no key', plugin => (plugin.keyId = ''), 'got invalid KMSv2 KeyID hash "": keyID is empty'],
    [
      'has a key with a long name',
      plugin => (plugin.keyId = 'k'.repeat(1025)),
      `got invalid KMSv2 KeyID hash "${hashed('k'.repeat(1025))}": keyID is 1025 bytes, which exceeds the max size of 1024`,
    ],
    [
      'has notes without a domain',
      plugin => (plugin.annotations = { a: Buffer.from('1') }),
      'failed to rotate DEK: failed to validate annotations: should be a domain with at least two segments separated by dots',
    ],
  ] as const satisfies readonly (readonly [string, (plugin: TestKmsPlugin) => unknown, string])[])
    it(`says what is wrong with a plugin that ${title}`, async () => {
      await using w = await world()
      spoil(w.plugin)
      await assert.rejects(w.provider.check(), { message: `kmsv2 Provider a is not healthy, error: ${message}` })
    })

  it('does not follow a plugin that changes its version', async () => {
    await using w = await world()
    w.plugin.version = 'v2beta1'
    await w.provider.check()
    w.plugin.version = 'v2'
    w.clock.advance(minute)
    await assert.rejects(
      w.provider.check(),
      /KMSv2 API version should not change after the initial status response version v2beta1, got v2/,
    )
  })

  it('becomes ready when a plugin that was late listens, and keeps asking', async () => {
    await using w = await world(false)
    const stopping = new AbortController()
    await w.provider.start(stopping.signal)
    assert.match(String(w.faults[0]), /code = Unavailable/)
    assert.throws(() => w.provider.transformer.toStorage(plain, path), /has not been ready yet/)
    await w.plugin.listen()
    // The library itself waits a moment before it connects again.
    for (let tries = 0; w.ready.count === 0 && tries < 200; tries++) {
      w.clock.advance(10_000)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    assert.equal(w.ready.count, 1)
    w.provider.transformer.toStorage(plain, path)
    const asked = w.plugin.calls.length
    w.clock.advance(minute)
    while (w.plugin.calls.length === asked) await new Promise(resolve => setTimeout(resolve, 1))
    stopping.abort()
  })
})
