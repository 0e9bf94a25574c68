import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Node } from '../../api/core/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import { createCertificate, createKey, keyToPem } from '../../machinery/x509/index.js'
import { rotationTime } from './certificate-rotation.js'
import { CertificateStore } from './certificate-store.js'
import { RotationMetrics } from './rotation-metrics.js'
import { servingWish } from './wishes.js'

const day = 24 * 3_600_000
const from = Date.parse('2026-01-01T00:00:00Z')

async function selfSigned(commonName: string) {
  const key = createKey()
  const certificate = await createCertificate(
    {
      subject: { commonName },
      publicKey: createPublicKey(key),
      notBefore: from,
      notAfter: from + 100 * day,
      usages: ['client auth'],
    },
    { key },
  )
  return { certificate, key: keyToPem(key) }
}

describe('the time of rotation', () => {
  for (const [random, days] of [
    [0, 70],
    [0.5, 80],
    [1, 90],
  ] as const)
    it(`is after ${days} % of the life if chance is ${random}`, async () =>
      assert.equal(
        Math.round((rotationTime(new X509Certificate((await selfSigned('a')).certificate), random) - from) / day),
        days,
      ))
})

describe('a certificate store', () => {
  const inFolder = async (work: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 't8s-store-'))
    try {
      await work(join(folder, 'pki'))
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  it('keeps the current certificate and the one before, for nobody else to read', () =>
    inFolder(async folder => {
      const store = new CertificateStore(folder, 'kubelet-client')
      assert.equal(await store.read(), undefined)
      const all = await Promise.all(['a', 'b', 'c'].map(selfSigned))
      for (const each of all) {
        await store.write(each)
        assert.deepEqual(await store.read(), each)
      }
      const files = await readdir(folder)
      assert.equal(files.length, 3)
      assert.equal((await stat(store.path)).mode & 0o777, 0o600)
    }))

  it('that is damaged, or of two halves that do not fit, holds nothing', () =>
    inFolder(async folder => {
      const store = new CertificateStore(folder, 'x')
      const [one, two] = await Promise.all([selfSigned('a'), selfSigned('b')])
      await store.write({ certificate: one?.certificate ?? '', key: two?.key ?? '' })
      assert.equal(await store.read(), undefined)
      await writeFile(store.path, 'damaged')
      assert.equal(await store.read(), undefined)
    }))
})

describe('the metrics of a rotation', () => {
  it('tell when the certificate ends, how long others lived, and what failed', () => {
    const metrics = new MetricsRegistry()
    const clock = new ManualClock(from)
    const rotation = new RotationMetrics(metrics, 'server', clock)
    const value = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(metrics.text())?.[1]
    assert.equal(value('kubelet_certificate_manager_server_ttl_seconds'), '+Inf')
    rotation.uses(from + 100 * day)
    clock.advance(day)
    rotation.failed()
    rotation.replaced(80 * day)
    assert.equal(value('kubelet_certificate_manager_server_ttl_seconds'), String(99 * 86_400))
    assert.equal(value('kubelet_server_expiration_renew_errors'), '1')
    assert.equal(value('kubelet_certificate_manager_server_rotation_seconds_sum'), String(80 * 86_400))
  })
})

describe('what a node wants to serve with', () => {
  it('names all of its names and addresses', () => {
    const addresses = [
      { type: 'InternalIP', address: '192.0.2.7' },
      { type: 'InternalIP', address: '2001:DB8:0::7' },
      { type: 'Hostname', address: 'a' },
      { type: 'InternalDNS', address: 'a' },
    ]
    const wish = servingWish({ metadata: { name: 'a' }, status: { addresses } } as unknown as Node)
    assert.deepEqual(wish?.names, { dns: ['a'], addresses: ['192.0.2.7', '2001:db8::7'] })
    assert.deepEqual(wish?.subject, { commonName: 'system:node:a', organizations: ['system:nodes'] })
  })

  it('is not known before it has an address', () => {
    assert.equal(servingWish(undefined), undefined)
    assert.equal(servingWish({ metadata: { name: 'a' }, status: {} } as unknown as Node), undefined)
  })
})
