import assert from 'node:assert/strict'
import { ConfigMap, PodTemplate } from '../api/core/v1/index.js'
import { FlowSchema, PriorityLevelConfiguration } from '../api/flowcontrol/v1/index.js'
import type { Client, WatchEvent, WatchOptions } from '../client/client.js'
import { answerOf, discover } from '../client/discovery.js'
import { discovered, lifeOf, statusOf } from './api-life.js'
import { define, definitionOf } from './custom-definitions.js'
import { read, requirements } from './requirements.js'

interface Group {
  readonly name: string
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[]
  readonly preferredVersion: { readonly groupVersion: string; readonly version: string }
}

interface AggregatedGroup {
  readonly metadata: { readonly name?: string }
  readonly versions: readonly {
    readonly version: string
    readonly resources: readonly { readonly resource: string }[]
  }[]
}

const groupsOf = async (client: Client) => ((await read(client, '/apis')) as { groups: readonly Group[] }).groups

/** `apps/v1/deployments` of all that the aggregated document at this path names. */
async function aggregated(client: Client, path: string) {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const answer = await client.request({ method: 'GET', path, headers: { accept: `${accept},application/json` } })
  const document = (await answerOf(answer)) as { kind: string; apiVersion: string; items: readonly AggregatedGroup[] }
  assert.deepEqual([document.kind, document.apiVersion], ['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2'])
  assert.match(String(answer.headers['content-type']), /v=v2;as=APIGroupDiscoveryList/)
  return document.items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map(({ resource }) => [metadata.name, version, resource].filter(Boolean).join('/')),
    ),
  )
}

const served = async (client: Client) =>
  (await discover(client)).resources.map(({ kind: { gvk, plural } }) =>
    [gvk.group, gvk.version, plural].filter(Boolean).join('/'),
  )

const builtIn = [
  'v1/pods',
  'v1/namespaces',
  'apps/v1/deployments',
  'batch/v1/jobs',
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  'apiregistration.k8s.io/v1/apiservices',
]

/** The first `count` events of a watch of config maps, as `ADDED a 1`: what became of which, and the data's step. */
async function eventsOf(client: Client, options: WatchOptions, count: number): Promise<readonly string[]> {
  return (await watched(client, options, count)).map(event =>
    event.type === 'BOOKMARK'
      ? event.type
      : `${event.type} ${event.object.metadata.name} ${event.object.data?.step ?? '-'}`,
  )
}

async function watched(
  client: Client,
  options: WatchOptions,
  count: number,
): Promise<readonly WatchEvent<ConfigMap>[]> {
  const events: WatchEvent<ConfigMap>[] = []
  for await (const event of client.watch(ConfigMap, options)) if (events.push(event) === count) break
  return events
}

const make = (client: Client, namespace: string, name: string, labels: { readonly [name: string]: string } = {}) =>
  client.create(ConfigMap, { metadata: { namespace, name, labels }, data: { step: '0' } })

const step = (client: Client, namespace: string, name: string, step: number, labels: object = {}) =>
  client.patch(
    ConfigMap,
    { namespace, name },
    { type: 'merge', body: { metadata: { labels }, data: { step: String(step) } } },
  )

requirements('sig-api-machinery: discovery, lists and watches', {}, requirement => {
  requirement('Aggregated Discovery Interface', async ({ client }) => {
    const names = await served(client)
    for (const name of builtIn) assert.ok(names.includes(name), name)
  })

  requirement('Aggregated Discovery Interface CRDs', async ({ client, namespace }) => {
    const group = `${namespace}.example.com`
    await define(client, definitionOf(group))
    assert.ok((await served(client)).includes(`${group}/v1/gadgets`))
  })

  requirement('Aggregated Discovery Endpoint Accept Headers', async ({ client }) => {
    const names = [...(await aggregated(client, '/api')), ...(await aggregated(client, '/apis'))]
    for (const name of builtIn) assert.ok(names.includes(name), name)
  })

  requirement('Aggregated Discovery Endpoint Accept Headers CRDs', async ({ client, namespace }) => {
    const group = `${namespace}.example.com`
    await define(client, definitionOf(group))
    assert.ok((await aggregated(client, '/apis')).includes(`${group}/v1/gadgets`))
  })

  requirement('Discovery, confirm the PreferredVersion for each api group', async ({ client }) => {
    for (const { name, preferredVersion, versions } of await groupsOf(client)) {
      assert.deepEqual(((await read(client, `/apis/${name}`)) as Group).preferredVersion, preferredVersion)
      assert.equal(preferredVersion.groupVersion, `${name}/${preferredVersion.version}`)
      assert.ok(versions.some(({ version }) => version === preferredVersion.version))
    }
  })

  requirement('Discovery, confirm the groupVerion and a resourcefrom each apiGroup', async ({ client }) => {
    for (const { preferredVersion } of await groupsOf(client)) {
      const list = (await read(client, `/apis/${preferredVersion.groupVersion}`)) as {
        kind: string
        groupVersion: string
        resources: readonly { name: string; kind: string; verbs: readonly string[] }[]
      }
      assert.deepEqual([list.kind, list.groupVersion], ['APIResourceList', preferredVersion.groupVersion])
      assert.ok(list.resources.some(({ name, kind, verbs }) => name && kind && verbs.length > 0))
    }
  })

  requirement('Confirm a server version', async ({ client }) => {
    const { major, minor } = (await read(client, '/version')) as { major: string; minor: string }
    assert.match(major, /^\d+$/)
    assert.match(minor, /^\d+$/)
  })

  requirement('API metadata HTTP return', async ({ client }) => {
    const { status } = await client.request({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      headers: {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
        'content-type': 'application/json',
      },
      body: { kind: 'object', value: { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } } },
    })
    assert.equal(status, 406)
  })

  const total = 40
  const limit = 17
  const templates = async (client: Client, namespace: string) => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'c:1' }] } }
    for (let i = 0; i < total; i++) {
      const name = `template-${String(i).padStart(4, '0')}`
      await client.create(PodTemplate, { metadata: { namespace, name }, template })
    }
  }
  /** Reads on behind a page of which `before` items are known; answers the version that all pages showed. */
  const readOn = async (client: Client, namespace: string, token: string | undefined, before: number) => {
    const versions = new Set<string>()
    let known = before
    for (let next = token; next; ) {
      const page = await client.list(PodTemplate, { namespace, limit, continue: next })
      versions.add(page.resourceVersion)
      assert.ok(page.items.length <= limit)
      assert.equal(page.items[0]?.metadata.name, `template-${String(known).padStart(4, '0')}`)
      known += page.items.length
      assert.equal(page.remainingItemCount ?? 0, total - known)
      next = page.continue
    }
    assert.equal(known, total)
    return [...versions]
  }

  requirement('API Chunking, server should return chunks of results for list calls', async ({ client, namespace }) => {
    await templates(client, namespace)
    const first = await client.list(PodTemplate, { namespace, limit })
    assert.deepEqual([first.items.length, first.remainingItemCount], [limit, total - limit])
    assert.deepEqual(await readOn(client, namespace, first.continue, limit), [first.resourceVersion])
    assert.equal((await client.list(PodTemplate, { namespace })).items.length, total)
  })

  requirement(
    'API Chunking, server should support continue listing from the last key even if the original version has been compacted away',
    async ({ client, namespace, plane }) => {
      await templates(client, namespace)
      const first = await client.list(PodTemplate, { namespace, limit })
      // What the server does on its own after some minutes.
      await make(client, namespace, 'later')
      await plane.server.host.store.compact(plane.server.revision)
      const query = new URLSearchParams({ limit: String(limit), continue: first.continue ?? '' })
      const path = `/api/v1/namespaces/${namespace}/podtemplates`
      const answer = await client.request({ method: 'GET', path, query })
      const gone = (await answerOf(answer)) as { reason: string; metadata: { continue?: string } }
      assert.deepEqual([answer.status, gone.reason], [410, 'Expired'])
      const versions = await readOn(client, namespace, gone.metadata.continue, limit)
      assert.equal(versions.length, 1)
      assert.notEqual(versions[0], first.resourceVersion)
    },
  )

  requirement('watch-configmaps-with-multiple-watchers', async ({ client, namespace }) => {
    const { resourceVersion } = await client.list(ConfigMap, { namespace })
    const watches = ['watch=a', 'watch=b', 'watch in (a,b)'].map((labelSelector, i) =>
      eventsOf(client, { namespace, resourceVersion, labelSelector }, [3, 2, 5][i] ?? 0),
    )
    await make(client, namespace, 'a', { watch: 'a' })
    await make(client, namespace, 'c', { watch: 'c' })
    await step(client, namespace, 'a', 1)
    await make(client, namespace, 'b', { watch: 'b' })
    for (const name of ['a', 'c', 'b']) await client.delete(ConfigMap, { namespace, name })
    const [a, b] = [
      ['ADDED a 0', 'MODIFIED a 1', 'DELETED a 1'],
      ['ADDED b 0', 'DELETED b 0'],
    ]
    const both = ['ADDED a 0', 'MODIFIED a 1', 'ADDED b 0', 'DELETED a 1', 'DELETED b 0']
    assert.deepEqual(await Promise.all(watches), [a, b, both])
  })

  requirement('watch-configmaps-from-resource-version', async ({ client, namespace }) => {
    await make(client, namespace, 'a')
    const { metadata } = await step(client, namespace, 'a', 1)
    await step(client, namespace, 'a', 2)
    await client.delete(ConfigMap, { namespace, name: 'a' })
    assert.deepEqual(await eventsOf(client, { namespace, resourceVersion: metadata.resourceVersion ?? '' }, 2), [
      'MODIFIED a 2',
      'DELETED a 2',
    ])
  })

  requirement('watch-configmaps-closed-and-restarted', async ({ client, namespace }) => {
    const { resourceVersion } = await client.list(ConfigMap, { namespace })
    await make(client, namespace, 'a')
    await step(client, namespace, 'a', 1)
    const seen = await watched(client, { namespace, resourceVersion }, 2)
    const last = seen[1]
    if (last?.type !== 'MODIFIED') throw new Error('the second event is no change')
    await step(client, namespace, 'a', 2)
    await client.delete(ConfigMap, { namespace, name: 'a' })
    const from = { namespace, resourceVersion: last.object.metadata.resourceVersion ?? '' }
    assert.deepEqual(await eventsOf(client, from, 2), ['MODIFIED a 2', 'DELETED a 2'])
  })

  requirement('watch-configmaps-label-changed', async ({ client, namespace }) => {
    const { resourceVersion } = await client.list(ConfigMap, { namespace })
    const seen = eventsOf(client, { namespace, resourceVersion, labelSelector: 'watch=a' }, 6)
    await make(client, namespace, 'a', { watch: 'a' })
    await step(client, namespace, 'a', 1)
    await step(client, namespace, 'a', 2, { watch: 'other' })
    await step(client, namespace, 'a', 3)
    await step(client, namespace, 'a', 4, { watch: 'a' })
    await step(client, namespace, 'a', 5)
    await client.delete(ConfigMap, { namespace, name: 'a' })
    // What leaves the selection is shown as it last was in it.
    assert.deepEqual(await seen, [
      'ADDED a 0',
      'MODIFIED a 1',
      'DELETED a 1',
      'ADDED a 4',
      'MODIFIED a 5',
      'DELETED a 5',
    ])
  })

  requirement('watch-consistency', async ({ client, namespace }) => {
    const count = 30
    const { resourceVersion } = await client.list(ConfigMap, { namespace })
    const versions = async (from: string, wanted: number) =>
      (await watched(client, { namespace, resourceVersion: from }, wanted)).map(event =>
        event.type === 'BOOKMARK' ? '' : (event.object.metadata.resourceVersion ?? ''),
      )
    const write = async () => {
      await make(client, namespace, 'a')
      for (let i = 1; i < count - 1; i++) await step(client, namespace, 'a', i)
      await client.delete(ConfigMap, { namespace, name: 'a' })
    }
    const [seen] = await Promise.all([versions(resourceVersion, count), write()])
    const later = seen.slice(0, -1).map((from, i) => versions(from, count - 1 - i))
    for (const [i, others] of (await Promise.all(later)).entries()) assert.deepEqual(others, seen.slice(i + 1))
  })

  const subject = { kind: 'User', user: { name: 'nobody' } }
  const resourceRule = { verbs: ['get'], apiGroups: [''], resources: ['none'], namespaces: ['none'] }
  const schema = {
    spec: {
      matchingPrecedence: 9999,
      priorityLevelConfiguration: { name: 'global-default' },
      rules: [{ subjects: [subject], resourceRules: [resourceRule] }],
      distinguisherMethod: { type: 'ByUser' },
    },
  }
  const level = {
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
  }

  requirement('Priority and Fairness FlowSchema API', async ({ client, namespace }) => {
    await discovered(client, FlowSchema, true)
    await lifeOf(client, FlowSchema, namespace, schema, { spec: { matchingPrecedence: 9998 } })
    await statusOf(client, FlowSchema, { metadata: { name: namespace }, ...schema })
  })

  requirement('Priority and Fairness PriorityLevelConfiguration API', async ({ client, namespace }) => {
    await discovered(client, PriorityLevelConfiguration, true)
    const changed = { spec: { limited: { nominalConcurrencyShares: 4 } } }
    await lifeOf(client, PriorityLevelConfiguration, namespace, level, changed)
    await statusOf(client, PriorityLevelConfiguration, { metadata: { name: namespace }, ...level })
  })
})
