import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SubjectAccessReview } from '../api/authorization/v1/index.js'
import { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../api/autoscaling/v1/index.js'
import { HorizontalPodAutoscaler } from '../api/autoscaling/v2/index.js'
import { ConfigMap, Event, Namespace, Secret } from '../api/core/v1/index.js'
import { ClusterRole } from '../api/rbac/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { ControlPlane, type ControlPlaneOptions } from '../cluster/control-plane.js'
import { eventually } from '../controllers/eventually.js'
import { type Clock, ManualClock, systemClock } from '../machinery/clock.js'
import { StatusError } from '../machinery/status-error.js'
import { admission, refusal } from '../server/admission/admission.js'
import { type ConfigDeclaration, controller, defineConfig } from './config.js'
import { configFolder } from './test-config-file.js'

interface Plane extends AsyncDisposable {
  readonly plane: ControlPlane
  readonly client: Client
  readonly faults: Error[]
  /** A client of somebody who may do everything but is no administrator. */
  as(name: string, groups?: readonly string[]): Client
}

async function start(config: ConfigDeclaration | string, more: ControlPlaneOptions = {}): Promise<Plane> {
  const faults: Error[] = []
  const onError = (error: unknown) => void faults.push(error as Error)
  const plane = await ControlPlane.start({
    port: false,
    scheduler: false,
    controllers: false,
    authorization: ['AlwaysAllow'],
    ...more,
    config,
    onError,
  })
  const alive = setInterval(() => {}, 60_000)
  return {
    plane,
    client: plane.client,
    faults,
    as: (name, groups = []) => apiClient(plane.server.handle, { user: { name, groups } }),
    async [Symbol.asyncDispose]() {
      clearInterval(alive)
      await plane[Symbol.asyncDispose]()
    },
  }
}

const configMap = (name: string, data: { [key: string]: string } = {}) => ({
  metadata: { namespace: 'default', name },
  data,
})

describe('admission functions', () => {
  let on: Plane
  const seen: string[] = []
  before(async () => {
    on = await start(
      defineConfig(({ client }) => ({
        rights: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }],
        admission: [
          admission({
            name: 'config-maps',
            match: { resources: [ConfigMap], operations: ['CREATE', 'UPDATE', 'DELETE'], namespaces: ['default'] },
            mutate({ operation, object, old, warn }) {
              seen.push(`${operation} ${object?.metadata.name ?? old?.metadata.name}`)
              if (object) object.data = { ...object.data, filled: 'in' }
              warn('it was filled in')
            },
            async validate(request) {
              const { object } = request
              switch (object?.data?.['case']) {
                case 'refused':
                  throw refusal(request, 'it is not wanted')
                case 'throws':
                  throw new Error('oh')
                case 'answers':
                  return false as never
                case 'asks': {
                  const namespace = await client.get(Namespace, { name: 'default' })
                  throw refusal(request, `its namespace is ${namespace.metadata.name}`)
                }
                case 'asks for more':
                  await client.list(Secret)
              }
            },
          }),
          admission({
            name: 'scalers',
            match: { resources: [HorizontalPodAutoscaler] },
            mutate({ object }) {
              object.spec.metrics = [
                {
                  type: 'Resource',
                  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 42 } },
                },
              ]
            },
          }),
          admission({
            name: 'secrets',
            match: { resources: [Secret] },
            failurePolicy: 'Ignore',
            timeoutMs: 30,
            mutate({ object }) {
              if (object.metadata.name === 'bent') Object.assign(object, { data: 5 })
            },
            validate({ object }) {
              return object.metadata.name === 'hangs' ? new Promise(() => {}) : undefined
            },
          }),
        ],
      })),
    )
  })
  after(() => on[Symbol.asyncDispose]())

  it('change what is written, and see what they say they look at', async () => {
    const made = await on.client.create(ConfigMap, configMap('a', { own: 'data' }))
    assert.deepEqual(made.data, { own: 'data', filled: 'in' })
    await on.client.delete(ConfigMap, made.metadata)
    const kubeSystem = { metadata: { namespace: 'kube-system', name: 'a' } }
    assert.equal((await on.client.create(ConfigMap, kubeSystem)).data, undefined)
    assert.deepEqual(seen, ['CREATE a', 'DELETE a'])
  })

  const answers: [string, object][] = [
    ['refused', { code: 403, message: 'configmaps "refused" is forbidden: it is not wanted' }],
    ['answers', { code: 500, message: /failed: it must answer nothing: it throws to refuse, not false$/ }],
    ['throws', { code: 500, message: 'Internal error occurred: the plugin "config-maps" failed: oh' }],
    ['asks', { code: 403, message: 'configmaps "asks" is forbidden: its namespace is default' }],
    [
      'asks for more',
      { code: 403, message: /User "t8s:config" cannot list resource "secrets" in API group "" at the cluster scope/ },
    ],
  ]
  for (const [name, error] of answers)
    it(`that ${name}`, async () => {
      // Rights count where there are roles.
      await using other =
        name === 'asks for more' ? await start(await sameConfig(), { authorization: ['RBAC'] }) : undefined
      const { client } = other ?? on
      const object = configMap(name.replaceAll(' ', '-'), { case: name })
      await assert.rejects(client.create(ConfigMap, object), error)
    })
  const sameConfig = async () =>
    defineConfig(({ client }) => ({
      rights: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }],
      admission: [
        admission({
          name: 'config-maps',
          match: { resources: [ConfigMap], namespaces: ['default'] },
          async validate() {
            await client.get(Namespace, { name: 'default' })
            await client.list(Secret)
          },
        }),
      ],
    }))

  it('see objects in the version they name, whichever it comes in', async () => {
    const made = await on.client.create(HorizontalPodAutoscalerV1, {
      metadata: { namespace: 'default', name: 'a' },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'a', apiVersion: 'apps/v1' } },
    })
    assert.equal(made.spec.targetCPUUtilizationPercentage, 42)
  })

  it('that fail are ignored if that is their policy, and told of', async () => {
    for (const name of ['hangs', 'bent'])
      assert.equal((await on.client.create(Secret, { metadata: { namespace: 'default', name } })).metadata.name, name)
    const causes = on.faults.map(({ message, cause }) => `${message}: ${(cause as Error).message}`)
    assert.ok(causes.includes('plugin secrets, validate: it did not answer within 30 ms'), causes.join('\n'))
    assert.ok(
      causes.some(text => text.startsWith('plugin secrets, mutate: it made an object that is no Secret: ')),
      causes.join('\n'),
    )
  })

  it('are counted', () => {
    const text = on.plane.server.metrics.text()
    assert.match(text, /typernetes_plugin_calls_total\{plugin="config-maps",point="validate",result="refused"\} \d/)
    assert.match(text, /typernetes_plugin_calls_total\{plugin="secrets",point="validate",result="timeout"\} 1/)
    assert.match(text, /typernetes_plugin_calls_total\{plugin="secrets",point="mutate",result="invalid"\} 1/)
    assert.match(text, /typernetes_plugin_call_duration_seconds_count\{plugin="scalers",point="mutate"\} 1/)
  })
})

describe('authorizers and hooks', () => {
  let on: Plane
  const after_: string[] = []
  before(async () => {
    on = await start({
      authorizers: [
        {
          name: 'night',
          match: { users: ['jane', 'system:*'], verbs: ['!get'] },
          authorize({ name }, { resource }) {
            if (resource?.plural === 'secrets') throw new Error('what?')
            if (resource?.plural === 'pods') return { verdict: 'maybe' } as never
            return { verdict: 'deny', reason: `${name} sleeps` }
          },
        },
      ],
      hooks: [
        {
          name: 'log',
          match: { users: ['joe'] },
          before({ query, resource }) {
            if (query.get('limit') === '7')
              throw new StatusError(429, 'TooManyRequests', `no sevens of ${resource?.plural}`)
            if (query.get('limit') === '8') throw new TypeError('eight')
          },
          after({ verb, resource, user }, { status }) {
            after_.push(`${user.name} ${verb} ${resource?.plural}: ${status}`)
            if (resource?.plural === 'secrets') throw new Error('too late')
            if (resource?.plural === 'pods') return { headers: { 'bad header': '' } }
            return { headers: { 'X-Seen': 'yes' } }
          },
        },
      ],
    })
  })
  after(() => on[Symbol.asyncDispose]())
  const list = (client: Client, plural: string, limit = '') =>
    client.request({
      method: 'GET',
      path: `/api/v1/namespaces/default/${plural}`,
      query: new URLSearchParams(limit ? { limit } : {}),
    })

  it('deny, and nobody else may overrule that', async () => {
    await assert.rejects(on.as('jane').list(ConfigMap), { code: 403, message: /: jane sleeps$/ })
    assert.ok(await on.as('joe').list(ConfigMap))
  })

  it('are not asked about what does not match, administrators, or the cluster itself', async () => {
    assert.ok(await on.as('jane').get(Namespace, { name: 'default' }))
    assert.ok(await on.as('jane', ['system:masters']).list(ConfigMap))
    assert.ok(await on.as('system:kube-scheduler').list(ConfigMap))
  })

  it('that fail allow nothing, and say so', async () => {
    for (const plural of ['secrets', 'pods']) assert.equal((await list(on.as('jane'), plural)).status, 500)
    const { status } = await on.client.create(SubjectAccessReview, {
      metadata: {},
      spec: { user: 'jane', resourceAttributes: { verb: 'list', resource: 'secrets', namespace: 'default' } },
    })
    assert.equal(status.allowed, false)
    assert.match(status.evaluationError ?? '', /the plugin "night" failed: what\?/)
  })

  it('refuse a request, and see what became of it', async () => {
    const refused = await list(on.as('joe'), 'configmaps', '7')
    assert.deepEqual([refused.status, refused.headers['x-seen']], [429, 'yes'])
    assert.equal((await list(on.as('joe'), 'configmaps', '8')).status, 500)
    const fine = await list(on.as('joe'), 'configmaps')
    assert.deepEqual([fine.status, fine.headers['x-seen']], [200, 'yes'])
    assert.deepEqual(after_.slice(-3), [
      'joe list configmaps: 429',
      'joe list configmaps: 500',
      'joe list configmaps: 200',
    ])
    assert.equal((await list(on.as('jim'), 'configmaps')).headers['x-seen'], undefined)
  })

  it('that fail afterwards do not harm the answer', async () => {
    for (const plural of ['secrets', 'pods']) assert.equal((await list(on.as('joe'), plural)).status, 200)
    assert.ok(on.faults.some(({ message, cause }) => message === 'plugin log, after' && /too late/.test(String(cause))))
  })
})

describe('controllers', () => {
  it('run with their own rights alone; one that takes too long is tried again and can do nothing more', async () => {
    const runs: string[] = []
    const ended: string[] = []
    let late: Promise<unknown> | undefined
    let release = () => {}
    const released = new Promise<void>(resolve => {
      release = resolve
    })
    // Their time passes when we say so: a busy machine is slow.
    const timeoutMs = 1234
    const limits = new ManualClock()
    const clock: Clock = {
      ...systemClock,
      after: (ms, action) => (ms === timeoutMs ? limits : systemClock).after(ms, action),
    }
    const mirror = controller({
      name: 'mirror',
      watches: { for: ConfigMap, owns: [Secret] },
      timeoutMs,
      async reconcile({ namespace, name }, { get, client }) {
        const source = get(ConfigMap, { namespace, name })
        if (!source?.data?.['mirror']) return
        runs.push(name)
        if (name === 'slow' && runs.filter(one => one === 'slow').length === 1) {
          await released
          late = client.create(Secret, { metadata: { namespace, name: 'too-late' } })
          await late
        }
        if (name === 'greedy') {
          if (runs.filter(one => one === 'greedy').length > 1) return
          await client.delete(Namespace, { name: 'default' })
        }
        await client.create(Secret, { metadata: { namespace, name } })
        ended.push(name)
      },
    })
    await using on = await start({ controllers: [mirror] }, { authorization: ['RBAC'], clock })
    for (const name of ['quick', 'slow', 'greedy'])
      await on.client.create(ConfigMap, configMap(name, { mirror: 'yes' }))
    await eventually(() => {
      assert.ok(ended.includes('quick') && runs.includes('slow'), `${runs} began, ${ended} ended`)
      assert.ok(on.faults.some(({ cause }) => /"t8s:controller:mirror" cannot delete .*namespaces/.test(String(cause))))
    })
    limits.advance(timeoutMs)
    await eventually(async () => {
      const { items } = await on.client.list(Secret, { namespace: 'default' })
      assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ['quick', 'slow'])
    })
    release()
    await eventually(() => assert.ok(late))
    await assert.rejects(async () => late, /did not answer|aborted/)
    const said = on.faults.map(({ message, cause }) => `${message}: ${(cause as Error).message}`)
    assert.ok(
      said.some(text => /^controller mirror: it did not answer within 1234 ms$/.test(text)),
      said.join('\n'),
    )
    await eventually(() =>
      assert.match(
        on.plane.server.metrics.text(),
        /typernetes_plugin_calls_total\{plugin="mirror",point="reconcile",result="timeout"\} 1/,
      ),
    )
    await eventually(async () => {
      const { items } = await on.client.list(Event, { namespace: 'default', fieldSelector: 'reason=FailedReconcile' })
      const told = items.map(({ type, source, involvedObject }) => [type, source?.component, involvedObject.name])
      assert.deepEqual(told.sort(), [
        ['Warning', 'mirror-controller', 'greedy'],
        ['Warning', 'mirror-controller', 'slow'],
      ])
    })
  })

  it('that loop cost only their own thread, and are started anew', async () => {
    await using folder = await configFolder()
    const file = await folder.write(`
      import { admission, controller, defineConfig } from 'typernetes'
      import { ConfigMap, Secret } from 'typernetes/api'
      const loops = controller({
        name: 'loops',
        watches: { for: ConfigMap, owns: [Secret] },
        async reconcile({ namespace, name }, { get, client }) {
          if (!get(ConfigMap, { namespace, name })?.data?.mirror) return
          if (name === 'exits') process.exit(3)
          await client.create(Secret, { metadata: { namespace, name } }).catch(() => {})
        },
      })
      export default defineConfig({
        controllers: [loops],
        admission: [admission({
          name: 'marked',
          match: { resources: [ConfigMap] },
          mutate({ object }) { object.data = { ...object.data, seen: 'yes' } },
        })],
      })`)
    await using on = await start(file, { authorization: ['RBAC'] })
    await on.client.create(ConfigMap, configMap('exits', { mirror: 'yes' }))
    await eventually(() =>
      assert.match(
        on.plane.server.metrics.text(),
        /typernetes_plugin_worker_restarts_total\{worker="loops",reason="crash"\} [1-9]/,
      ),
    )
    assert.equal((await on.client.create(ConfigMap, configMap('a', { mirror: 'yes' }))).data?.['seen'], 'yes')
    await on.client.delete(ConfigMap, { namespace: 'default', name: 'exits' })
    await eventually(() => on.client.get(Secret, { namespace: 'default', name: 'a' }), 60_000)
  })
})

describe('a configuration', () => {
  it('that cannot be used keeps the control plane from starting, and leaves nothing running', async () => {
    await using folder = await configFolder()
    const file = await folder.write('export default { hooks: 5 }')
    await assert.rejects(start(file), { name: 'ConfigError', message: /hooks must be a list, not 5/ })
    await assert.rejects(start({ hooks: [{ name: 'a' }] }), { name: 'ConfigError', message: /hooks\[0\] does nothing/ })
  })

  it('whose plugins are no more has no roles any more', async () => {
    await using folder = await configFolder()
    const dataDir = (await folder.write('', 'here')).replace(/here$/, 'store')
    const own = async (client: Client) =>
      (await client.list(ClusterRole)).items
        .map(({ metadata }) => metadata.name)
        .filter(name => name?.startsWith('t8s:'))
    const idle = controller({ name: 'idle', watches: { for: ConfigMap }, async reconcile() {} })
    {
      await using on = await start({ controllers: [idle] }, { dataDir })
      assert.deepEqual(await own(on.client), ['t8s:controller:idle'])
    }
    await using on = await start({}, { dataDir })
    assert.deepEqual(await own(on.client), [])
  })
})
