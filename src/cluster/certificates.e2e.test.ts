import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually, TestCluster } from './test-cluster.js'

interface Checked {
  readonly certificates: readonly { readonly name: string; readonly expires: string; readonly problem?: string }[]
}

describe('the certificates of a running cluster', { timeout: 240_000 }, () => {
  let cluster: TestCluster
  let node: string
  before(async () => {
    cluster = await TestCluster.prepare()
    await cluster.up()
    const nodes = await cluster.json('get', 'nodes')
    node = (nodes as { items: readonly { metadata: { name: string } }[] }).items[0]?.metadata.name ?? ''
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  const check = async () => JSON.parse(await cluster.t8s('certs', 'check', '-o', 'json')) as Checked
  const kubeletAnswers = async () =>
    assert.equal(await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/healthz`), 'ok')
  const kubeletPki = () => join(cluster.folder, 'lib', cluster.name, 'nodes', node, 'kubelet/pki')

  it('are well', async () => {
    const { certificates } = await check()
    assert.equal(certificates.length, 10)
    const soon = await cluster.tryT8s('certs', 'check', '--within', '400d')
    assert.equal(soon.code, 1)
    assert.match(soon.output, /^admin: it expires soon/m)
    const metrics = await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/metrics`)
    for (const use of ['client', 'server'])
      assert.match(metrics, new RegExp(`^kubelet_certificate_manager_${use}_ttl_seconds 31[\\d.]+$`, 'm'))
    assert.match(soon.output, /^Renew with: t8s certs renew --name /m)
  })

  it('are renewed without a restart, and no watch ends for it', async () => {
    const before = await cluster.t8s('status')
    const watching = cluster.startKubectl('get', 'configmaps', '-w', '-o', 'name')
    let seen = ''
    watching.stdout?.on('data', chunk => {
      seen += String(chunk)
    })
    await eventually('the watch has begun', async () => seen.includes('kube-root-ca.crt'))
    const { certificates } = await check()
    assert.match(await cluster.t8s('certs', 'renew'), /The running cluster uses them\./)
    const renewed = await check()
    for (const { name, expires } of renewed.certificates)
      if (!name.endsWith('ca'))
        assert.notEqual(certificates.find(each => each.name === name)?.expires, expires, `${name} is the old one`)
    await cluster.kubectl('create', 'configmap', 'made-later')
    await eventually('the watch goes on', async () => seen.includes('made-later'))
    watching.kill()
    await once(watching, 'exit')
    await kubeletAnswers()
    const pids = (text: string) => text.match(/pid \d+/g)?.join()
    assert.equal(pids(await cluster.t8s('status')), pids(before))
  })

  it('are asked for by the kubelet when they are gone', async () => {
    await rm(join(kubeletPki(), 'kubelet-server-current.pem'))
    await eventually('a new one', async () => (await readdir(kubeletPki())).includes('kubelet-server-current.pem'))
    assert.match(await cluster.kubectl('get', 'csr'), /kubelet-serving +system:node:\S+ +<none> +Approved,Issued/)
    await kubeletAnswers()
    assert.ok((await check()).certificates.every(({ problem }) => problem === undefined))
  })

  it('stay good with a renewed authority, for which the processes are started again', async () => {
    assert.match(await cluster.t8s('certs', 'renew', 'ca', 'front-proxy-ca'), /The running cluster uses them\./)
    await eventually('the node is heard of', async () => {
      await kubeletAnswers()
      return true
    })
    assert.ok((await check()).certificates.every(({ problem }) => problem === undefined))
  })
})
