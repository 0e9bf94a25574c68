import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Deployment } from '../api/apps/v1/index.js'
import { TokenReview } from '../api/authentication/v1/index.js'
import {
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from '../api/core/v1/index.js'
import { EndpointSlice } from '../api/discovery/v1/index.js'
import { ClusterRole } from '../api/rbac/v1/index.js'
import { ResourceClaim, ResourceClaimTemplate } from '../api/resource/v1/index.js'
import { StorageClass, VolumeAttachment, VolumeAttributesClass } from '../api/storage/v1/index.js'
import type { Client } from '../client/client.js'
import { builtInControllers } from '../controllers/index.js'
import { isNotFound } from '../machinery/status-error.js'
import { ControlPlane } from './control-plane.js'
import { accountOfController } from './controller-accounts.js'

const namespace = 'work'

/** Waits until a condition holds; throws after a minute, which only a fault takes. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const rootOf = (error: unknown): string => {
  let root = error
  while (root instanceof Error && root.cause !== undefined) root = root.cause
  return String(root)
}

describe('the identities of components', () => {
  let plane: ControlPlane
  let client: Client
  const faults: string[] = []
  before(async () => {
    plane = await ControlPlane.start({ port: false, simulatedNodes: 2, onError: error => faults.push(rootOf(error)) })
    client = plane.client
  })
  after(async () => {
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(
      faults.filter(fault => /forbidden|cannot/i.test(fault)),
      [],
    )
  })

  it('are there for every controller', () => {
    const names = [...builtInControllers({ rootCa: 'PEM', clusterCidr: '10.0.0.0/8' }).map(({ name }) => name)]
    for (const name of [...names, 'garbage-collector']) assert.ok(accountOfController(name), `${name} acts as nobody`)
  })

  it('suffice to run, serve and change a workload', async () => {
    const labels = { app: 'web' }
    const metadata = { namespace, name: 'web' }
    await client.create(Namespace, { metadata: { name: namespace } })
    const containers = [{ name: 'c', image: 'i' }]
    await client.create(Deployment, {
      metadata,
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    })
    await client.create(Service, { metadata, spec: { selector: labels, ports: [{ port: 80 }] } })
    const ready = async (count: number) => (await client.get(Deployment, metadata)).status?.readyReplicas === count
    await until('three ready pods', () => ready(3))
    await until('three endpoints', async () => {
      const { items } = await client.list(EndpointSlice, { namespace })
      return items.flatMap(({ endpoints }) => endpoints ?? []).length === 3
    })
    const body = { spec: { replicas: 1, template: { metadata: { annotations: { version: '2' } } } } }
    await client.patch(Deployment, metadata, { type: 'merge', body })
    await until('one pod of the new version', async () => {
      const { items } = await client.list(Pod, { namespace })
      return items.length === 1 && items[0]?.metadata.annotations?.['version'] === '2'
    })
  })

  it('suffice to give secrets tokens that are good as long as the secret and the account are', async () => {
    const robot = { namespace: 'default', name: 'robot' }
    const metadata = { namespace: 'default', name: 'robot-token' }
    await client.create(ServiceAccount, { metadata: robot })
    await client.create(Secret, {
      metadata: { ...metadata, annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    })
    const tokenOf = async () => String((await client.get(Secret, metadata)).data?.['token'] ?? '')
    await until('a token', async () => (await tokenOf()) !== '')
    const token = Buffer.from(await tokenOf(), 'base64').toString()
    const review = async () => {
      const { status } = await client.create(TokenReview, { metadata: {}, spec: { token } })
      return status.authenticated ? status.user?.username : undefined
    }
    assert.equal(await review(), 'system:serviceaccount:default:robot')
    await until('a note of its use', async () => {
      const { labels } = (await client.get(Secret, metadata)).metadata
      return /^\d{4}-\d\d-\d\d$/.test(labels?.['kubernetes.io/legacy-token-last-used'] ?? '')
    })
    await client.delete(ServiceAccount, robot)
    assert.equal(await review(), undefined)
    await until('the end of the secret', () => client.get(Secret, metadata).then(() => false, isNotFound))
  })

  it('suffice to gather the rules of roles', () =>
    until('the roles for people', async () => {
      const roles = await Promise.all(['view', 'edit', 'admin'].map(name => client.get(ClusterRole, { name })))
      return roles.map(({ rules }) => rules?.length).join() === '13,28,30'
    }))

  it('suffice to bind, make, empty and protect volumes', async () => {
    const space = 'default'
    const accessModes = ['ReadWriteOnce']
    const claimOf = (storage: string) => ({ accessModes, resources: { requests: { storage } } })
    const claim = { namespace: space, name: 'c' }
    const volume = { name: 'v' }
    const nfs = { server: 's', path: '/p' }
    await client.create(PersistentVolume, {
      metadata: volume,
      spec: { capacity: { storage: '1Gi' }, accessModes, nfs, persistentVolumeReclaimPolicy: 'Recycle' },
    })
    await client.create(PersistentVolumeClaim, { metadata: claim, spec: claimOf('1Gi') })
    const phase = async () => (await client.get(PersistentVolumeClaim, claim)).status.phase
    await until('a bound claim', async () => (await phase()) === 'Bound')
    await client.delete(PersistentVolumeClaim, claim)
    await until('a recycler', () =>
      client.get(Pod, { namespace: space, name: 'recycler-for-v' }).then(
        () => true,
        () => false,
      ),
    )
    await client.create(Pod, {
      metadata: { namespace: space, name: 'p' },
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: claimOf('9Gi') } } }],
      },
    })
    const own = { namespace: space, name: 'p-v' }
    const absent = (ref: typeof own) => client.get(PersistentVolumeClaim, ref).then(() => false, isNotFound)
    await until('a claim for a pod', async () => !(await absent(own)))
    await client.delete(Pod, { namespace: space, name: 'p' }, { gracePeriodSeconds: 0 })
    await until('its end', () => absent(own))
    await client.create(VolumeAttributesClass, { metadata: { name: 'a' }, driverName: 'd', parameters: { p: 'v' } })
    await client.delete(VolumeAttributesClass, { name: 'a' })
    await until('no class', () => client.get(VolumeAttributesClass, { name: 'a' }).then(() => false, isNotFound))
  })

  it('suffice to attach and expand volumes, and to make claims for devices and take them back', async () => {
    const space = 'default'
    const managed = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
    await client.patch(Node, { name: 'sim-0' }, { type: 'merge', body: { metadata: { annotations: managed } } })
    const driver = 'disk.example.com'
    await client.create(StorageClass, { metadata: { name: 'd' }, provisioner: driver, allowVolumeExpansion: true })
    const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'd' }
    const source = { csi: { driver, volumeHandle: 'h' }, capacity: { storage: '1Gi' } }
    await client.create(PersistentVolume, { metadata: { name: 'd' }, spec: { ...common, ...source } })
    const resources = { requests: { storage: '1Gi' } }
    const claim = { namespace: space, name: 'd' }
    await client.create(PersistentVolumeClaim, { metadata: claim, spec: { ...common, resources, volumeName: 'd' } })
    const requests = [{ name: 'r', exactly: { deviceClassName: 'gpus' } }]
    await client.create(ResourceClaimTemplate, {
      metadata: { namespace: space, name: 't' },
      spec: { spec: { devices: { requests } } },
    })
    const user = { namespace: space, name: 'd' }
    await client.create(Pod, {
      metadata: user,
      spec: {
        nodeName: 'sim-0',
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'd' } }],
        resourceClaims: [{ name: 'r', resourceClaimTemplateName: 't' }],
      },
    })
    const attachments = async () => (await client.list(VolumeAttachment)).items
    await until('an attachment', async () => (await attachments()).length === 1)
    const [attachment] = await attachments()
    const attached = { type: 'merge', body: { status: { attached: true } } } as const
    await client.patch(VolumeAttachment, attachment?.metadata ?? {}, attached, { subresource: 'status' })
    const told = async () => (await client.get(Node, { name: 'sim-0' })).status.volumesAttached?.length
    await until('a volume on the node', async () => (await told()) === 1)
    const claims = async () => (await client.list(ResourceClaim, { namespace: space })).items
    await until('a claim for devices', async () => (await claims()).length === 1)
    const more = { spec: { resources: { requests: { storage: '2Gi' } } } }
    await client.patch(PersistentVolumeClaim, claim, { type: 'merge', body: more })
    await until('word of its growth', async () => {
      const { items } = await client.list(Event, { namespace: space })
      return items.some(({ reason }) => reason === 'ExternalExpanding')
    })
    await client.delete(Pod, user, { gracePeriodSeconds: 0 })
    await until('no attachment', async () => (await attachments()).length === 0)
    await until('no claim for devices', async () => (await claims()).length === 0)
  })

  it('suffice to remove nodes and namespaces', async () => {
    await client.delete(Node, { name: 'sim-1' })
    await client.delete(Namespace, { name: namespace })
    await until('the end of the namespace', () =>
      client.get(Namespace, { name: namespace }).then(() => false, isNotFound),
    )
  })
})
