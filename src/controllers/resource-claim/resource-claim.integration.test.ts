import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Event, Pod, type PodInit } from '../../api/core/v1/index.js'
import { ResourceClaim, ResourceClaimTemplate } from '../../api/resource/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import { eventually } from '../eventually.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { claimBaseName } from './claim-names.js'
import { generatedResourceClaims } from './generated-claims.js'
import { resourceClaims } from './resource-claim.js'

const namespace = 'n'
const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } }] } }
const allocation = {
  devices: { results: [{ request: 'gpu', driver: 'gpu.example.com', pool: 'p', device: 'd' }] },
}
const finalizers = ['resource.kubernetes.io/delete-protection']

describe('claims for devices', () => {
  const metrics = new MetricsRegistry()
  let plane: BareControlPlane
  before(async () => {
    plane = await bareControlPlane(ControlPlane.start)
    const { client, informers, onError } = plane
    await plane.namespace(namespace)
    plane.use(runControllers([resourceClaims, generatedResourceClaims(metrics)], { client, informers, onError }))
  })
  after(async () => {
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(plane.faults.map(String), [])
  })

  const template = (name: string) =>
    plane.client.create(ResourceClaimTemplate, {
      metadata: { namespace, name },
      spec: { metadata: { labels: { from: name }, annotations: { kept: 'yes' } }, spec },
    })
  const run = (name: string, claims: NonNullable<PodInit['spec']>['resourceClaims'], nodeName?: string) =>
    plane.client.create(Pod, {
      metadata: { namespace, name },
      spec: {
        containers: [{ name: 'c', image: 'x' }],
        resourceClaims: claims ?? [],
        ...(nodeName ? { nodeName } : {}),
      },
    })
  const claim = (name: string) => plane.client.get(ResourceClaim, { namespace, name })
  const nameOf = (pod: string, entry = 'gpu') =>
    eventually(async () => {
      const { status } = await plane.client.get(Pod, { namespace, name: pod })
      const found = status.resourceClaimStatuses?.find(({ name }) => name === entry)?.resourceClaimName
      assert.ok(found)
      return found
    })
  const status = (name: string, body: object) =>
    plane.client.patch(
      ResourceClaim,
      { namespace, name },
      { type: 'merge', body: { status: body } },
      { subresource: 'status' },
    )
  const phase = (name: string, value: string) =>
    plane.client.patch(
      Pod,
      { namespace, name },
      { type: 'merge', body: { status: { phase: value } } },
      { subresource: 'status' },
    )
  const gone = (name: string) => eventually(() => assert.rejects(claim(name), { code: 404 }))

  it('are made from templates, once these are there, and go with their pods', async () => {
    const { metadata } = await run('early', [{ name: 'gpu', resourceClaimTemplateName: 'late' }])
    await eventually(async () => {
      const { items } = await plane.client.list(Event, { namespace })
      assert.deepEqual(
        items.map(({ reason, message }) => `${reason}: ${message}`),
        [
          'FailedResourceClaimCreation: PodResourceClaim gpu: resource claim template "late": resourceclaimtemplate.resource.k8s.io "late" not found',
        ],
      )
    })
    await template('late')
    const name = await nameOf('early')
    assert.match(name, /^early-gpu-/)
    const made = await claim(name)
    assert.deepEqual(made.metadata.labels, { from: 'late' })
    assert.deepEqual(made.metadata.annotations, { kept: 'yes', 'resource.kubernetes.io/pod-claim-name': 'gpu' })
    assert.deepEqual(
      made.metadata.ownerReferences?.map(({ kind, uid, controller }) => [kind, uid, controller]),
      [['Pod', metadata.uid, true]],
    )
    assert.equal(made.spec.devices?.requests?.[0]?.exactly?.deviceClassName, 'gpus')
    // Deleted by mistake, it is made anew.
    await plane.client.delete(ResourceClaim, { namespace, name })
    const again = await eventually(async () => {
      const found = await nameOf('early')
      assert.notEqual(found, name)
      return found
    })
    const counted = /^resourceclaim_controller_creates_total\{status="success",admin_access="false"\} 2$/m
    await eventually(() => assert.match(metrics.text(), counted))
    await phase('early', 'Succeeded')
    await gone(again)
  })

  it('are reserved for pods on nodes, and given back by the last', async () => {
    const { client } = plane
    await client.create(ResourceClaim, { metadata: { namespace, name: 'shared', finalizers }, spec })
    await status('shared', { allocation })
    const users = [{ name: 'gpu', resourceClaimName: 'shared' }]
    await run('one', users, 'node')
    await run('two', users, 'node')
    const reserved = async () => (await claim('shared')).status.reservedFor?.map(({ name }) => name)
    await eventually(async () => assert.deepEqual((await reserved())?.toSorted(), ['one', 'two']))
    await phase('one', 'Failed')
    await eventually(async () => assert.deepEqual(await reserved(), ['two']))
    assert.ok((await claim('shared')).status.allocation)
    await client.delete(Pod, { namespace, name: 'two' }, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const { metadata, status } = await claim('shared')
      assert.deepEqual([status.allocation, status.reservedFor, metadata.finalizers], [undefined, undefined, undefined])
    })
  })

  it('that are deleted go when nobody uses them', async () => {
    await plane.client.create(ResourceClaim, { metadata: { namespace, name: 'idle', finalizers }, spec })
    await status('idle', { allocation })
    await plane.client.delete(ResourceClaim, { namespace, name: 'idle' })
    await gone('idle')
  })
})

it('names of claims keep a part of both names', () => {
  assert.equal(claimBaseName('web', 'gpu'), 'web-gpu-')
  const long = claimBaseName('p'.repeat(100), 'c'.repeat(50))
  assert.equal(long, `${'p'.repeat(37)}-${'c'.repeat(18)}`)
})
