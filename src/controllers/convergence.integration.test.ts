import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Deployment, ReplicaSet } from '../api/apps/v1/index.js'
import { Pod, Service } from '../api/core/v1/index.js'
import { EndpointSlice } from '../api/discovery/v1/index.js'
import { type RunningControllers, runControllers } from '../client/controller-runtime.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { isNotFound } from '../machinery/status-error.js'
import { eventually, until } from './eventually.js'
import { builtInControllers } from './index.js'
import { type Faults, faultyClient, seededRandom } from './test-faulty-client.js'

const namespace = 'default'
const name = { namespace, name: 'web' }

const faults: Faults = { lost: 0.05, unanswered: 0.05, conflict: 0.1, broken: 0.02, expired: 0.3, delay: 4 }

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image, ports: [{ containerPort: 80 }] }] },
})

/** How long there is trouble, in ms. */
const trouble = 2_000

describe('with requests lost, answers lost, conflicts, delays and broken watches', () => {
  for (const seed of [1, 2, 3])
    test(`deployments, replica sets and endpoints come to rest as wanted (seed ${seed})`, async () => {
      await using cluster = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
      const { client } = cluster
      const random = seededRandom(seed)
      const calm = AbortSignal.timeout(trouble)
      const unexpected: unknown[] = []
      const start = (): RunningControllers =>
        runControllers(builtInControllers({ rootCa: 'PEM' }), {
          client: faultyClient(client, faults, random, calm),
          random,
          onError: error => {
            if (!/lost|unanswered|just been deleted|been modified|ended before its initial events/.test(String(error)))
              unexpected.push(error)
          },
        })
      let running = start()
      let ip = 0
      const pods = async () => (await client.list(Pod, { namespace })).items
      /** Plays the kubelet: pods become ready, and go when they are asked to. */
      const kubelet = async () => {
        for (const pod of await pods()) {
          if (pod.status.phase !== 'Pending' || pod.metadata.deletionTimestamp) continue
          ip++
          const podIP = `10.1.${ip >> 8}.${ip & 255}`
          const status = {
            phase: 'Running',
            podIP,
            podIPs: [{ ip: podIP }],
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
          }
          await client
            .patch(Pod, pod.metadata, { type: 'merge', body: { status } }, { subresource: 'status' })
            .catch(error => assert.ok(isNotFound(error), String(error)))
        }
      }
      const settled = (image: string, replicas: number) =>
        eventually(async () => {
          await kubelet()
          const all = await pods()
          until(all.length === replicas, `${all.length} of ${replicas} pods`)
          until(
            all.every(({ spec }) => spec.containers[0]?.image === image),
            'of the new template',
          )
          const { status, metadata } = await client.get(Deployment, name)
          until(
            status.observedGeneration === metadata.generation &&
              (status.replicas ?? 0) === replicas &&
              (status.updatedReplicas ?? 0) === replicas &&
              (status.availableReplicas ?? 0) === replicas,
            `status ${JSON.stringify(status)}`,
          )
          const slices = (
            await client.list(EndpointSlice, { namespace, labelSelector: 'kubernetes.io/service-name=web' })
          ).items
          const addresses = slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(one => one.addresses)).sort()
          assert.deepEqual(addresses, all.map(pod => pod.status.podIP).sort())
        }, 60_000)
      try {
        await client.create(Service, { metadata: name, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } })
        await client.create(Deployment, {
          metadata: name,
          spec: { replicas: 5, selector: { matchLabels: { app: 'web' } }, template: template('app:1') },
        })
        await settled('app:1', 5)
        await client.patch(Deployment, name, {
          type: 'strategic',
          body: { spec: { replicas: 8, template: template('app:2') } },
        })
        // Killed in the midst of it, and begun anew.
        await running[Symbol.asyncDispose]()
        running = start()
        await settled('app:2', 8)
        await client.patch(Deployment, name, { type: 'strategic', body: { spec: { template: template('app:1') } } })
        await client.patch(Deployment, name, { type: 'strategic', body: { spec: { replicas: 3 } } })
        await settled('app:1', 3)
        const sets = (await client.list(ReplicaSet, { namespace })).items
        assert.equal(sets.length, 2, 'no replica set was made twice')
        assert.deepEqual(unexpected, [])
      } finally {
        await running[Symbol.asyncDispose]()
      }
    })
})
