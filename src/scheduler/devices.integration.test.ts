import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Pod } from '../api/core/v1/index.js'
import { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../api/resource/v1/index.js'
import type { Client } from '../client/client.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from '../controllers/eventually.js'

const namespace = 'default'
const driver = 'gpu.example.com'

describe('devices of pods on simulated nodes', () => {
  let cluster: ControlPlane
  let client: Client

  before(async () => {
    cluster = await ControlPlane.start({ port: false, simulatedNodes: 3 })
    client = cluster.client
    await client.create(DeviceClass, {
      metadata: { name: 'gpus' },
      spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
    })
    await client.create(ResourceClaimTemplate, {
      metadata: { namespace, name: 'gpu' },
      spec: { spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } as never }] } } },
    } as never)
  })
  after(() => cluster[Symbol.asyncDispose]())

  const run = (name: string, claims: readonly object[]) =>
    client.create(Pod, {
      metadata: { namespace, name },
      spec: { containers: [{ name: 'c', image: 'i' }], resourceClaims: claims },
    } as never)
  const fromTemplate = [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }]
  const pod = (name: string) => client.get(Pod, { namespace, name })
  const nodeOf = (name: string) =>
    eventually(async () => {
      const { spec } = await pod(name)
      until(spec.nodeName !== undefined, `${name} has a node`)
      return spec.nodeName
    })
  const message = async (name: string) =>
    (await pod(name)).status.conditions?.find(({ type }) => type === 'PodScheduled')?.message
  const claimOf = async (name: string) => {
    const claimName = (await pod(name)).status.resourceClaimStatuses?.[0]?.resourceClaimName
    return client.get(ResourceClaim, { namespace, name: claimName ?? '' })
  }

  it('are allocated to one pod after the other', async () => {
    await run('first', fromTemplate)
    const refused =
      '0/3 nodes are available: 3 cannot allocate all claims. still not schedulable, ' +
      'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
    await eventually(async () => assert.equal(await message('first'), refused))
    await client.create(ResourceSlice, {
      metadata: { name: 'sim-1-gpus' },
      spec: {
        driver,
        nodeName: 'sim-1',
        pool: { name: 'sim-1', generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'gpu-0' }],
      } as never,
    })
    assert.equal(await nodeOf('first'), 'sim-1')
    const { metadata, status } = await claimOf('first')
    assert.deepEqual(metadata.finalizers, ['resource.kubernetes.io/delete-protection'])
    const { allocationTimestamp, ...allocation } = status.allocation ?? {}
    assert.ok(allocationTimestamp)
    assert.deepEqual(allocation, {
      devices: { results: [{ request: 'gpu', driver, pool: 'sim-1', device: 'gpu-0' }] },
      nodeSelector: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['sim-1'] }] }],
      },
    })
    const { uid } = (await pod('first')).metadata
    assert.deepEqual(status.reservedFor, [{ resource: 'pods', name: 'first', uid }])

    await run('second', fromTemplate)
    await eventually(async () => assert.equal(await message('second'), refused))
    await client.delete(Pod, { namespace, name: 'first' }, { gracePeriodSeconds: 0 })
    assert.equal(await nodeOf('second'), 'sim-1')
    await client.delete(Pod, { namespace, name: 'second' }, { gracePeriodSeconds: 0 })
  })

  it('are shared by pods that name the same claim, which wait for it', async () => {
    const shared = [{ name: 'gpu', resourceClaimName: 'shared' }]
    await run('one', shared)
    await client.create(ResourceClaim, {
      metadata: { namespace, name: 'shared' },
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } as never }] } },
    } as never)
    await run('two', shared)
    assert.deepEqual([await nodeOf('one'), await nodeOf('two')], ['sim-1', 'sim-1'])
    const { status } = await client.get(ResourceClaim, { namespace, name: 'shared' })
    assert.deepEqual(status.reservedFor?.map(({ name }) => name).toSorted(), ['one', 'two'])
  })

  it('are refused where there is no such class', async () => {
    await client.create(ResourceClaim, {
      metadata: { namespace, name: 'strange' },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'strange' } as never }] } },
    } as never)
    await run('strange', [{ name: 'r', resourceClaimName: 'strange' }])
    await eventually(async () =>
      assert.match((await message('strange')) ?? '', /are available: request r: device class strange does not exist\./),
    )
  })

  it('are had as extended resources, too', async () => {
    await client.delete(Pod, { namespace, name: 'one' }, { gracePeriodSeconds: 0 })
    await client.delete(Pod, { namespace, name: 'two' }, { gracePeriodSeconds: 0 })
    const containers = [{ name: 'c', image: 'i', resources: { limits: { 'example.com/gpu': '1' } } }]
    await client.create(Pod, { metadata: { namespace, name: 'extended' }, spec: { containers } } as never)
    await eventually(async () => assert.match((await message('extended')) ?? '', /3 Insufficient example.com\/gpu/))
    const extendedResourceName = 'example.com/gpu'
    await client.patch(DeviceClass, { name: 'gpus' }, { type: 'merge', body: { spec: { extendedResourceName } } })
    assert.equal(await nodeOf('extended'), 'sim-1')
    const { extendedResourceClaimStatus: noted } = (await pod('extended')).status
    const requestName = 'container-0-request-0'
    assert.deepEqual(noted?.requestMappings, [{ containerName: 'c', resourceName: extendedResourceName, requestName }])
    const { status } = await client.get(ResourceClaim, { namespace, name: noted?.resourceClaimName ?? '' })
    assert.equal(status.allocation?.devices.results?.[0]?.device, 'gpu-0')
    assert.equal(status.reservedFor?.[0]?.name, 'extended')
  })
})
