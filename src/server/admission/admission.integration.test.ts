import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  LimitRange,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../api/core/v1/index.js'
import { ResourceClaim, ResourceClaimTemplate } from '../../api/resource/v1/index.js'
import { PriorityClass } from '../../api/scheduling/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'

const rejected = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.flatMap(result => (result.status === 'rejected' ? [String(result.reason.message)] : []))

describe('admission', () => {
  let plane: ControlPlane
  before(async () => {
    plane = await ControlPlane.start({ controllers: false, scheduler: false })
  })
  after(() => plane[Symbol.asyncDispose]())

  const namespace = async (name: string, labels: { readonly [name: string]: string } = {}) => {
    await plane.client.create(Namespace, { metadata: { name, labels } })
    return name
  }
  const quota = async (namespace: string, hard: { readonly [name: string]: string }) => {
    const used = Object.fromEntries(Object.keys(hard).map(name => [name, '0']))
    await plane.client.create(ResourceQuota, { metadata: { namespace, name: 'q' }, spec: { hard } })
    await plane.client.patch(
      ResourceQuota,
      { namespace, name: 'q' },
      { type: 'merge', body: { status: { hard, used } } },
      { subresource: 'status' },
    )
  }
  const used = async (namespace: string) =>
    (await plane.client.get(ResourceQuota, { namespace, name: 'q' })).status.used
  const secret = (namespace: string, name: string) => plane.client.create(Secret, { metadata: { namespace, name } })

  it('never lets a quota be exceeded, however many come at once', async () => {
    const ns = await namespace('crowd')
    await quota(ns, { secrets: '7' })
    const results = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => secret(ns, `s${i}`)))
    const refusals = rejected(results)
    assert.equal(refusals.length, 33)
    for (const text of refusals)
      assert.match(text, /is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=7, limited: secrets=7$/)
    assert.deepEqual(await used(ns), { secrets: '7' })
  })

  it('gives back what a write that failed had taken', async () => {
    const ns = await namespace('failing')
    await quota(ns, { secrets: '10' })
    await secret(ns, 'there')
    assert.equal(rejected(await Promise.allSettled([secret(ns, 'there'), secret(ns, 'there')])).length, 2)
    await assert.rejects(secret(ns, 'Bad Name'))
    assert.deepEqual(await used(ns), { secrets: '1' })
  })

  it('counts a service that takes more than before', async () => {
    const ns = await namespace('services')
    await quota(ns, { services: '5', 'services.nodeports': '1' })
    const ports = [{ port: 80 }, { name: 'b', port: 81 }].map((port, i) => ({ name: `p${i}`, ...port }))
    await plane.client.create(Service, { metadata: { namespace: ns, name: 'a' }, spec: { ports } })
    const become = (type: string) =>
      plane.client.patch(Service, { namespace: ns, name: 'a' }, { type: 'merge', body: { spec: { type } } })
    await assert.rejects(become('NodePort'), /exceeded quota: q, requested: services.nodeports=2/)
    assert.deepEqual(await used(ns), { services: '1', 'services.nodeports': '0' })
  })

  it('gives devices that others use to administrators alone', async () => {
    const ns = await namespace('devices')
    const create = (kind: 'claim' | 'template') => {
      const requests = [{ name: 'r', exactly: { deviceClassName: 'c', adminAccess: true } }]
      const metadata = { namespace: ns, name: kind }
      return kind === 'claim'
        ? plane.client.create(ResourceClaim, { metadata, spec: { devices: { requests } } })
        : plane.client.create(ResourceClaimTemplate, { metadata, spec: { spec: { devices: { requests } } } })
    }
    for (const kind of ['claim', 'template'] as const)
      await assert.rejects(
        create(kind),
        /spec.devices.requests\[0\].adminAccess: Forbidden: admin access to devices requires/,
      )
    const labels = { 'resource.kubernetes.io/admin-access': 'true' }
    await plane.client.patch(Namespace, { name: ns }, { type: 'merge', body: { metadata: { labels } } })
    for (const kind of ['claim', 'template'] as const) await create(kind)
  })

  it('refuses privileged pods where the namespace is hardened, and warns about templates', async () => {
    const ns = await namespace('hardened', { 'pod-security.kubernetes.io/enforce': 'baseline' })
    const privileged = { name: 'c', image: 'x', securityContext: { privileged: true } }
    const create = (name: string, container: object) =>
      plane.client.create(
        Pod,
        {
          metadata: { namespace: ns, name },
          spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'x', ...container }] },
        },
        {},
      )
    await plane.client.create(ServiceAccount, { metadata: { namespace: ns, name: 'default' } })
    await assert.rejects(create('bad', privileged), /violates PodSecurity "baseline:latest": privileged/)
    await create('good', {})
    await plane.client.patch(
      Namespace,
      { name: ns },
      { type: 'merge', body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } } },
    )
    const change = (body: object) =>
      plane.client.patch(Pod, { namespace: ns, name: 'good' }, { type: 'strategic', body })
    await change({ metadata: { labels: { a: 'b' } }, spec: { activeDeadlineSeconds: 60 } })
    await assert.rejects(
      change({ spec: { containers: [{ name: 'c', image: 'y' }] } }),
      /violates PodSecurity "restricted:/,
    )
    await assert.rejects(
      plane.client.create(Namespace, {
        metadata: { name: 'odd', labels: { 'pod-security.kubernetes.io/warn': 'some' } },
      }),
      /must be one of privileged, baseline, restricted/,
    )
  })

  it('protects volume claims, gives them the default class, and keeps what cannot grow from growing', async () => {
    const ns = await namespace('claims')
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' }
    await plane.client.create(StorageClass, { metadata: { name: 'usual', annotations }, provisioner: 'x.y/z' })
    const claim = await plane.client.create(PersistentVolumeClaim, {
      metadata: { namespace: ns, name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
    assert.equal(claim.spec.storageClassName, 'usual')
    assert.deepEqual(claim.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  })

  it('bounds claims by limit ranges', async () => {
    const ns = await namespace('limited')
    await plane.client.create(LimitRange, {
      metadata: { namespace: ns, name: 'l' },
      spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }] },
    })
    await assert.rejects(
      plane.client.create(PersistentVolumeClaim, {
        metadata: { namespace: ns, name: 'c' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
      }),
      /maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi/,
    )
  })

  it('taints new nodes, and lets but one class be the default', async () => {
    const node = await plane.client.create(Node, { metadata: { name: 'n' } })
    assert.deepEqual(node.spec.taints, [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
    const create = (name: string) =>
      plane.client.create(PriorityClass, { metadata: { name }, value: 5, globalDefault: true })
    await create('first')
    await assert.rejects(create('second'), /PriorityClass first is already marked as default/)
  })
})
