import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  APIService,
  ClusterRole,
  ConfigMap,
  CronJob,
  Deployment,
  Job,
  Pod,
  Service,
  StorageVersionMigration,
} from '../api/index.js'
import type { Client } from '../client/client.js'
import { discover } from '../client/discovery.js'
import { eventually } from '../controllers/eventually.js'
import { isNotFound } from '../machinery/status-error.js'
import { ControlPlane, type ControlPlaneOptions } from './control-plane.js'

const bare: ControlPlaneOptions = { port: false, scheduler: false, controllers: false }
const migrations = 'storagemigration.k8s.io/v1beta1'

const versionsServed = async (client: Client): Promise<Set<string>> =>
  new Set((await discover(client)).resources.map(({ kind: { gvk } }) => `${gvk.group}/${gvk.version}`))

const openApiPaths = async (client: Client): Promise<readonly string[]> => {
  const { body } = await client.request({ method: 'GET', path: '/openapi/v3' })
  assert.ok(body.kind === 'bytes')
  return Object.keys(JSON.parse(Buffer.concat(body.chunks).toString()).paths)
}

const registered = async (client: Client): Promise<Set<string>> =>
  new Set((await client.list(APIService)).items.map(({ metadata }) => metadata.name ?? ''))

const container = { name: 'c', image: 'i' }
const web = {
  metadata: { namespace: 'default', name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
  },
}

describe('a control plane that serves other versions than usual', () => {
  it('serves a beta version when it is asked for, with its feature, and not without', async () => {
    for (const [options, served] of [
      [{}, false],
      [{ runtimeConfig: { [migrations]: true } }, false],
      [{ featureGates: { StorageVersionMigrator: true } }, false],
      [{ runtimeConfig: { [migrations]: true }, featureGates: { StorageVersionMigrator: true } }, true],
      [{ runtimeConfig: { 'api/beta': true }, featureGates: { AllBeta: true } }, true],
    ] as const) {
      const said: unknown[] = []
      await using plane = await ControlPlane.start({ ...bare, ...options, onError: error => said.push(error) })
      const { client } = plane
      assert.equal((await versionsServed(client)).has(migrations), served)
      assert.equal((await openApiPaths(client)).includes(`apis/${migrations}`), served)
      assert.equal((await registered(client)).has('v1beta1.storagemigration.k8s.io'), served)
      const answer = client.list(StorageVersionMigration)
      await (served ? answer : assert.rejects(answer, isNotFound))
      const role = client.get(ClusterRole, { name: 'system:controller:storage-version-migrator-controller' })
      await ('featureGates' in options ? role : assert.rejects(role, isNotFound))
      assert.deepEqual(
        said,
        'runtimeConfig' in options && !('featureGates' in options)
          ? ['StorageVersionMigrator storage is disabled because the StorageVersionMigrator feature gate is disabled']
          : [],
      )
    }
  })

  it('forgets nothing of what it does not serve for a while', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 't8s-runtime-config-'))
    try {
      const template = { spec: { restartPolicy: 'Never', containers: [container] } }
      {
        await using plane = await ControlPlane.start({ ...bare, dataDir })
        await plane.client.create(Job, { metadata: { namespace: 'default', name: 'one' }, spec: { template } })
      }
      {
        await using plane = await ControlPlane.start({
          ...bare,
          dataDir,
          controllers: true,
          runtimeConfig: { 'batch/v1': false, 'apps/v1/daemonsets': false },
        })
        const { client } = plane
        assert.equal((await versionsServed(client)).has('batch/v1'), false)
        assert.equal((await openApiPaths(client)).includes('apis/batch/v1'), false)
        assert.equal((await registered(client)).has('v1.batch'), false)
        const plurals = (await discover(client)).resources
          .filter(({ kind }) => kind.gvk.group === 'apps')
          .map(({ kind }) => kind.plural)
        assert.deepEqual(plurals.toSorted(), ['controllerrevisions', 'deployments', 'replicasets', 'statefulsets'])
        for (const write of [
          client.list(CronJob),
          client.create(Job, { metadata: { namespace: 'default', name: 'two' }, spec: { template } }),
        ])
          await assert.rejects(write, isNotFound)
        await client.create(Deployment, web)
        await eventually(async () => {
          const { items } = await client.list(Pod, { namespace: 'default' })
          assert.deepEqual(
            items.map(({ metadata }) => metadata.labels?.['app']),
            ['web'],
          )
        })
      }
      {
        await using plane = await ControlPlane.start({ ...bare, dataDir })
        const { items } = await plane.client.list(Job)
        assert.deepEqual(
          items.map(({ metadata, status }) => [metadata.name, status.active]),
          [['one', undefined]],
        )
        assert.ok((await registered(plane.client)).has('v1.batch'))
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  it('works with what it does not serve', async () => {
    const off = [
      'rbac.authorization.k8s.io/v1',
      'networking.k8s.io/v1',
      'discovery.k8s.io/v1',
      'scheduling.k8s.io/v1',
      'flowcontrol.apiserver.k8s.io/v1',
      'policy/v1',
      'admissionregistration.k8s.io/v1',
      'coordination.k8s.io/v1',
      'events.k8s.io/v1',
      'apiextensions.k8s.io/v1',
      'storage.k8s.io/v1',
      'resource.k8s.io/v1',
    ]
    await using plane = await ControlPlane.start({
      port: 0,
      runtimeConfig: Object.fromEntries(off.map(name => [name, false])),
      simulatedNodes: 1,
    })
    const { client } = plane
    const served = await versionsServed(client)
    assert.deepEqual(
      off.filter(name => served.has(name)),
      [],
    )
    const service = { metadata: { namespace: 'default', name: 'web' }, spec: { ports: [{ port: 80 }] } }
    assert.match((await client.create(Service, service)).spec.clusterIP ?? '', /^10\.96\./)
    await client.create(Deployment, web)
    await eventually(async () => {
      const { items } = await client.list(Pod, { namespace: 'default' })
      assert.equal(items[0]?.status.phase, 'Running')
    })
  })

  it('serves a few versions alone', async () => {
    await using plane = await ControlPlane.start({
      ...bare,
      runtimeConfig: { 'api/all': false, '/v1': true, 'apiregistration.k8s.io/v1': true },
    })
    assert.deepEqual(await versionsServed(plane.client), new Set(['/v1', 'apiregistration.k8s.io/v1']))
    await plane.client.create(ConfigMap, { metadata: { namespace: 'default', name: 'a' } })
    await assert.rejects(plane.client.list(Deployment), isNotFound)
  })

  it('does not start with what there is not', async () => {
    await assert.rejects(ControlPlane.start({ ...bare, runtimeConfig: { 'batch/v2': true } }), {
      message: 'group version batch/v2 that has not been registered',
    })
    await assert.rejects(ControlPlane.start({ ...bare, featureGates: { Nothing: true } }), {
      message: 'unrecognized feature gate: Nothing',
    })
  })
})
