import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Event, Pod } from '../../api/core/v1/index.js'
import { type DeviceTaint, type DeviceToleration, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock, rfc3339 } from '../../machinery/clock.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { deviceTaintEviction } from './device-taint-eviction.js'
import { evictionTime } from './device-taints.js'

const namespace = 'n'
const driver = 'gpu.example.com'
const minute = 60_000
const tolerated = (seconds?: number): DeviceToleration => ({
  key: 'broken',
  operator: 'Exists',
  ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
})

it('pods leave devices whose taints they do not tolerate, or not any longer', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  await plane.namespace(namespace)
  plane.use(runControllers([deviceTaintEviction()], { client, informers, clock, onError }))
  await client.create(ResourceSlice, {
    metadata: { name: 's' },
    spec: {
      driver,
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      allNodes: true,
      devices: [{ name: 'd' }, { name: 'other' }],
    },
  })
  const use = async (name: string, device: string, tolerations: readonly DeviceToleration[] = []) => {
    const spec = { containers: [{ name: 'c', image: 'x' }], resourceClaims: [{ name: 'r', resourceClaimName: name }] }
    const { metadata } = await client.create(Pod, {
      metadata: { namespace, name },
      spec: { ...spec, nodeName: 'node' },
    })
    const requests = [{ name: 'r', exactly: { deviceClassName: 'gpus' } }]
    await client.create(ResourceClaim, { metadata: { namespace, name }, spec: { devices: { requests } } })
    const results = [{ request: 'r', driver, pool: 'p', device, tolerations }]
    const reservedFor = [{ resource: 'pods', name, uid: metadata.uid }]
    const body = { status: { allocation: { devices: { results } }, reservedFor } }
    await client.patch(ResourceClaim, { namespace, name }, { type: 'merge', body }, { subresource: 'status' })
  }
  await use('at-once', 'd')
  await use('later', 'd', [tolerated(60)])
  await use('never', 'd', [tolerated()])
  await use('elsewhere', 'other')
  const taint = async (taints: readonly Partial<DeviceTaint>[]) => {
    const slice = await client.get(ResourceSlice, { name: 's' })
    const devices = [{ name: 'd', taints: taints as readonly DeviceTaint[] }, { name: 'other' }]
    await client.update(ResourceSlice, { ...slice, spec: { ...slice.spec, devices } })
  }
  const left = async () =>
    (await client.list(Pod, { namespace })).items
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map(({ metadata }) => metadata.name)
      .toSorted()
  const leaves = (...names: string[]) => eventually(async () => assert.deepEqual(await left(), names))
  const said = (name: string, message: string) =>
    eventually(async () => {
      const { items } = await client.list(Event, { namespace })
      const found = items.filter(({ involvedObject }) => involvedObject.name === name)
      assert.ok(found.some(event => event.reason === 'DeviceTaintManagerEviction' && event.message === message))
    })

  const timeAdded = rfc3339(clock.now())
  await taint([
    { key: 'broken', effect: 'NoExecute', timeAdded },
    { key: 'odd', effect: 'NoSchedule', timeAdded },
  ])
  await leaves('elsewhere', 'later', 'never')
  await said('at-once', 'Marking for deletion')
  const { status } = await client.get(Pod, { namespace, name: 'at-once' })
  assert.deepEqual(
    status.conditions
      ?.filter(({ type }) => type === 'DisruptionTarget')
      .map(({ reason, message }) => [reason, message]),
    [['DeletionByDeviceTaintManager', 'Device Taint manager: deleting due to NoExecute taint']],
  )
  await taint([])
  await said('later', 'Cancelling deletion')
  await taint([{ key: 'broken', effect: 'NoExecute', timeAdded }])
  await eventually(async () => {
    clock.advance(minute)
    assert.deepEqual(await left(), ['elsewhere', 'never'])
  })
  assert.deepEqual(plane.faults.map(String), [])
})

it('slices of older generations do not count', () => {
  const slice = (generation: number, taints: readonly object[]) =>
    ({ spec: { pool: { generation }, devices: [{ name: 'd', taints }] } }) as unknown as ResourceSlice
  const results = [{ request: 'r', driver, pool: 'p', device: 'd' }]
  const claim = { status: { allocation: { devices: { results } } } } as unknown as ResourceClaim
  const broken = [{ key: 'broken', effect: 'NoExecute', timeAdded: rfc3339(1000) }]
  assert.equal(
    evictionTime(claim, () => [slice(1, broken), slice(2, [])], 5000),
    Number.POSITIVE_INFINITY,
  )
  assert.equal(
    evictionTime(claim, () => [slice(1, []), slice(2, broken)], 5000),
    1000,
  )
  assert.equal(
    evictionTime(claim, () => [], 5000),
    Number.POSITIVE_INFINITY,
  )
})
