import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { inspectCertificates } from './certificate-inventory.js'
import { renewCertificates } from './certificate-renewal.js'
import type { ClusterConfig } from './cluster-config.js'
import { ensureClusterCredentials, ensureNodeCertificate, nodeCertificates } from './cluster-credentials.js'
import { readKubeconfig } from './kubeconfig.js'
import { localNodes } from './local-nodes.js'
import { OperatorError } from './operator-error.js'
import { type ClusterPaths, clusterPaths } from './paths.js'

const day = 24 * 3_600_000

describe('the certificates of a cluster', () => {
  let root: string
  let paths: ClusterPaths
  let config: ClusterConfig
  const clock = new ManualClock(Date.now())
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 't8s-renewal-'))
    paths = clusterPaths('c', { root })
    config = {
      name: 'c',
      apiPort: 6443,
      address: '192.0.2.1',
      serviceCidr: '10.96.0.0/16',
      podCidr: '10.244.0.0/16',
      nodes: 1,
      nodeCidr: '10.89.0.0/24',
      clusterDomain: 'cluster.local',
      dnsAddress: '10.96.0.10',
      nodeName: 'n',
      kubeletPort: 10250,
      dnsPort: 10053,
      simulatedNodes: 0,
      runtimeConfig: '',
      featureGates: '',
      kubeconfig: join(root, 'kubeconfig'),
    }
    const { pki } = await ensureClusterCredentials(paths, config, clock)
    const { client, serving } = nodeCertificates(paths, localNodes(config)[0])
    for (const each of [client, serving]) await ensureNodeCertificate(each, pki.ca, clock)
    await renewCertificates(paths, config, { names: ['kubeconfig'], newKeys: false, clock })
  })
  after(() => rm(root, { recursive: true }))

  const names = 'ca front-proxy-ca apiserver apiserver-kubelet-client front-proxy-client admin kube-proxy kubeconfig'
  const problems = async (days = 30) => {
    const reports = await inspectCertificates(paths, config, { now: clock.now(), within: days * day })
    return Object.fromEntries(reports.flatMap(({ name, problem }) => (problem ? [[name, problem]] : [])))
  }
  const certificate = async (name: string) => new X509Certificate(await readFile(join(paths.pki, `${name}.crt`)))
  const renew = (renewed: readonly string[], newKeys = false) =>
    renewCertificates(paths, config, { names: renewed, newKeys, clock })

  it('are listed, each with its authority and its end', async () => {
    const reports = await inspectCertificates(paths, config, { now: clock.now(), within: 30 * day })
    assert.equal(reports.map(({ name }) => name).join(' '), `${names} n-client n-serving`)
    const admin = reports.find(({ name }) => name === 'admin')
    assert.equal(admin?.subject, 'O=system:masters, CN=kubernetes-admin')
    assert.equal(admin?.authority, 'ca')
    assert.equal(Math.round(((admin?.expires ?? 0) - clock.now()) / day), 365)
    assert.deepEqual(await problems(), {})
    assert.equal(Object.keys(await problems(366)).length, 8)
  })

  it('are renewed by name, with their keys or with new ones, and the kubeconfig with them', async () => {
    const [admin, proxy] = [await certificate('admin'), await certificate('kube-proxy')]
    await renew(['admin'])
    const renewed = await certificate('admin')
    assert.notEqual(renewed.serialNumber, admin.serialNumber)
    assert.ok(renewed.publicKey.equals(admin.publicKey))
    assert.equal((await certificate('kube-proxy')).serialNumber, proxy.serialNumber)
    const { users } = await readKubeconfig(config.kubeconfig ?? '')
    const data = Buffer.from(users?.[0]?.user['client-certificate-data'] ?? '', 'base64')
    assert.equal(new X509Certificate(data).serialNumber, renewed.serialNumber)
    await renew(['admin'], true)
    assert.equal((await certificate('admin')).publicKey.equals(admin.publicKey), false)
    assert.deepEqual(await problems(), {})
  })

  it('stay good when their authority is renewed', async () => {
    const ca = await certificate('ca')
    clock.advance(100 * day)
    assert.deepEqual(
      (await renew(['ca'])).map(({ name }) => name),
      ['ca'],
    )
    const renewed = await certificate('ca')
    assert.equal(Math.round((Date.parse(renewed.validTo) - Date.parse(ca.validTo)) / day), 100)
    assert.deepEqual(await problems(), {})
  })

  it('are all renewed but the authorities when none is named', async () => {
    const [ca, node] = [await certificate('ca'), nodeCertificates(paths, localNodes(config)[0]).serving.store]
    const former = await node.read()
    clock.advance(300 * day)
    assert.equal(Object.keys(await problems()).length, 8)
    assert.equal((await renew([])).length, 8)
    assert.deepEqual(await problems(), {})
    assert.equal((await certificate('ca')).serialNumber, ca.serialNumber)
    assert.notDeepEqual(await node.read(), former)
  })

  it('are told if they are for other names than they should be', async () => {
    const elsewhere = { ...config, address: '192.0.2.9' }
    const reports = await inspectCertificates(paths, elsewhere, { now: clock.now(), within: 0 })
    const wrong = reports.flatMap(({ name, problem }) => (problem?.startsWith('it is not for all names') ? [name] : []))
    assert.deepEqual(wrong, ['apiserver', 'n-serving'])
  })

  it('are told what is wrong with them', async () => {
    await rm(join(paths.pki, 'admin.crt'))
    await writeFile(join(paths.pki, 'kube-proxy.crt'), 'nothing')
    clock.advance(3600 * day)
    const found = await problems()
    assert.equal(found['admin'], 'it is missing')
    assert.match(found['kube-proxy'] ?? '', /^it cannot be read: /)
    assert.equal(found['apiserver'], 'it has expired')
    assert.equal(found['ca'], 'it has expired')
  })

  it('come back even when all have expired', async () => {
    await assert.rejects(renew([]), /ended on/)
    await renew(['ca', 'front-proxy-ca'])
    await renew([])
    assert.deepEqual(await problems(), {})
  })

  it('cannot be renewed under other names', async () => {
    await assert.rejects(renew(['admin', 'x']), (error: OperatorError) => {
      assert.ok(error instanceof OperatorError)
      assert.equal(error.message, 'the cluster has no certificate "x"')
      assert.equal(error.remedy, `There are: ${`${names} n-client n-serving`.split(' ').join(', ')}.`)
      return true
    })
  })
})
