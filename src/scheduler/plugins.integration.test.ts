import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { startDefaultScheduler } from '../cluster/components.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from '../controllers/eventually.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { readSchedulerConfiguration, type SchedulerPlugin, Unschedulable } from './index.js'

const namespace = 'default'

describe('plugins and extenders of a configuration', () => {
  let cluster: ControlPlane
  let client: Client
  before(async () => {
    cluster = await ControlPlane.start({ port: false, simulatedNodes: 3, scheduler: false })
    client = cluster.client
  })
  after(() => cluster[Symbol.asyncDispose]())

  const create = (name: string, more: object = {}) =>
    client.create(Pod, {
      metadata: { namespace, name },
      spec: { containers: [{ name: 'c', image: 'i' }], ...more },
    } as never)
  const get = (name: string) => client.get(Pod, { namespace, name })
  const nodeOf = (name: string) =>
    eventually(async () => {
      const { spec } = await get(name)
      until(spec.nodeName !== undefined, `${name} has a node`)
      return spec.nodeName
    })
  const message = async (name: string) =>
    (await get(name)).status.conditions?.find(({ type }) => type === 'PodScheduled')?.message

  it('has a plugin take part at every extension point', async () => {
    const seen: string[] = []
    const note = (what: string) => void seen.push(what)
    let open = () => {}
    const opened = new Promise<void>(resolve => {
      open = resolve
    })
    const plugin: SchedulerPlugin = {
      name: 'Mine',
      events: [],
      preEnqueue: ({ metadata }) => (metadata.labels?.['held'] ? 'held back' : undefined),
      filter({ pod }) {
        note(`filter ${pod.metadata.name}`)
        return node => (node.name === 'sim-1' ? undefined : { reasons: ['not my node'] })
      },
      reserve: (_, node) => note(`reserve ${node}`),
      unreserve: (_, node) => note(`unreserve ${node}`),
      permit({ pod, signal }) {
        if (pod.metadata.name === 'refused') throw new Unschedulable('not today')
        if (pod.metadata.name !== 'patient') return
        return Promise.race([
          opened,
          new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ])
      },
      preBind: async (_, node) => note(`preBind ${node}`),
      postBind: (_, node) => note(`postBind ${node}`),
    }
    const metrics = new MetricsRegistry()
    await using _scheduler = await startDefaultScheduler({
      client,
      onError: error => assert.fail(String(error)),
      plugins: { Mine: () => plugin },
      metrics,
    })
    await create('plain')
    assert.equal(await nodeOf('plain'), 'sim-1')
    await eventually(async () => until(seen.includes('postBind sim-1'), 'it is told of the binding'))
    assert.deepEqual(seen, ['filter plain', 'reserve sim-1', 'preBind sim-1', 'postBind sim-1'])

    await create('refused')
    await eventually(async () => assert.equal(await message('refused'), '0/1 nodes are available: 1 not today.'))
    assert.ok(seen.includes('unreserve sim-1'))

    await create('patient')
    await create('other')
    await nodeOf('other')
    assert.equal((await get('patient')).spec.nodeName, undefined, 'it waits for its permit while others are placed')
    open()
    await nodeOf('patient')
    const text = metrics.text()
    assert.match(text, /scheduler_schedule_attempts_total\{profile="default-scheduler",result="scheduled"\} 3/)
    assert.match(text, /scheduler_schedule_attempts_total\{profile="default-scheduler",result="unschedulable"\} 1/)
    assert.match(text, /scheduler_pending_pods\{queue="unschedulable"\} 1/)
    assert.match(text, /scheduler_unschedulable_pods\{plugin="Mine",profile="default-scheduler"\} 1/)
    await client.delete(Pod, { namespace, name: 'refused' }, { gracePeriodSeconds: 0 })
  })

  it('asks extenders, by the profile a pod names', async () => {
    const server = createServer(async (request, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      const { nodenames } = JSON.parse(text) as { nodenames: string[] }
      response.end(
        JSON.stringify(
          request.url === '/filter'
            ? { nodenames: nodenames.filter(name => name !== 'sim-0'), failedNodes: { 'sim-0': 'taken' } }
            : nodenames.map(host => ({ host, score: host === 'sim-2' ? 10 : 0 })),
        ),
      )
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const configuration = readSchedulerConfiguration(
      stringify({
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [
          { schedulerName: 'default-scheduler' },
          {
            schedulerName: 'only-one',
            pluginConfig: [
              {
                name: 'NodeAffinity',
                args: {
                  addedAffinity: {
                    requiredDuringSchedulingIgnoredDuringExecution: {
                      nodeSelectorTerms: [
                        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['sim-1'] }] },
                      ],
                    },
                  },
                },
              },
            ],
          },
        ],
        extenders: [
          {
            urlPrefix: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            filterVerb: 'filter',
            prioritizeVerb: 'prioritize',
            weight: 10,
            nodeCacheCapable: true,
          },
        ],
      }),
    )
    try {
      await using _scheduler = await startDefaultScheduler({
        client,
        onError: error => assert.fail(String(error)),
        configuration,
      })
      await create('extended')
      assert.equal(await nodeOf('extended'), 'sim-2')
      await create('profiled', { schedulerName: 'only-one' })
      assert.equal(await nodeOf('profiled'), 'sim-1')
      await create('nowhere', { schedulerName: 'only-one', nodeSelector: { 'kubernetes.io/hostname': 'sim-0' } })
      await eventually(async () =>
        assert.match(
          (await message('nowhere')) ?? '',
          /^0\/3 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector, 2 node\(s\) didn't match scheduler-enforced node affinity\./,
        ),
      )
    } finally {
      server.close()
    }
  })
})
