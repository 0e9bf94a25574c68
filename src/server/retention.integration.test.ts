import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import { isGone } from '../machinery/status-error.js'
import { TestServer, until } from './test-server.js'

const configMaps = '/api/v1/namespaces/default/configmaps'
const create = (server: TestServer, name: string) =>
  server.http2({ method: 'POST', path: configMaps, body: { metadata: { name } } })

describe('what an API server keeps', () => {
  it('events are forgotten after an hour, and watchers are told', async () => {
    const clock = new ManualClock(Date.now())
    await using server = await TestServer.start({ clock })
    const events = '/api/v1/namespaces/default/events'
    const body = {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
      reason: 'Seen',
      type: 'Normal',
    }
    assert.equal((await server.http2({ method: 'POST', path: events, body })).status, 201)
    const watch = server.stream({ path: `${events}?watch=true&timeoutSeconds=7200` })
    let seen = ''
    watch.on('data', chunk => {
      seen += chunk
    })
    await until(() => seen.includes('"ADDED"'), 'the event')
    clock.advance(3_500_000)
    assert.equal((await server.http2({ path: `${events}/e` })).status, 200)
    clock.advance(101_000)
    await until(() => seen.includes('"DELETED"'), 'the end of the event')
    assert.equal((await server.http2({ path: `${events}/e` })).status, 404)
    watch.close()
  })

  it('history is forgotten after five to ten minutes: a list goes on with what is there then', async () => {
    const clock = new ManualClock(Date.now())
    await using server = await TestServer.start({ clock })
    for (const name of ['a', 'b', 'c']) await create(server, name)
    const first = await server.http2({ path: `${configMaps}?limit=1` })
    const next = (token: string) => server.http2({ path: `${configMaps}?limit=1&continue=${token}` })
    const { metadata } = first.json
    await create(server, 'd')
    assert.equal((await next(metadata.continue)).json.items[0].metadata.name, 'b')
    clock.advance(10 * 60_000)
    await until(async () => (await next(metadata.continue)).status === 410, 'compaction')
    const expired = (await next(metadata.continue)).json
    assert.equal(expired.reason, 'Expired')
    assert.match(expired.message, /^The provided continue parameter is too old to display a consistent list result\./)
    const names: string[] = []
    for (let token = expired.metadata.continue; token; ) {
      const { json } = await next(token)
      names.push(json.items[0].metadata.name)
      token = json.metadata.continue
    }
    assert.deepEqual(names, ['b', 'c', 'd', 'kube-root-ca.crt'].slice(0, names.length))
  })

  it('a watch from what is forgotten says so in its first event, in every form, and ends', async () => {
    await using server = await TestServer.start()
    await create(server, 'a')
    const from = (await server.http2({ path: `${configMaps}/a` })).json.metadata.resourceVersion
    const change = (i: number) =>
      server.http2({
        method: 'PATCH',
        path: `${configMaps}/a`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { data: { i: String(i) } },
      })
    for (let i = 0; i < 2200; i += 100) await Promise.all(Array.from({ length: 100 }, (_, j) => change(i + j)))
    const { host } = server.controlPlane.server
    await host.store.compact(host.feed.revision)
    const path = `${configMaps}?watch=true&resourceVersion=${from}`
    const forms = [
      'application/json',
      'application/vnd.kubernetes.protobuf',
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    ]
    for (const accept of forms) {
      const { status, text } = await server.http2({ path, headers: { accept } })
      assert.equal(status, 200, accept)
      assert.match(text, /ERROR/, accept)
      assert.match(text, new RegExp(`too old resource version: ${from} \\(\\d+\\)`), accept)
      if (accept.startsWith('application/json')) {
        const { object, ...event } = JSON.parse(text)
        assert.deepEqual(
          [event, object.kind, object.code, object.reason],
          [{ type: 'ERROR' }, 'Status', 410, 'Expired'],
        )
      }
    }
    const { client } = server.controlPlane
    await assert.rejects(async () => {
      for await (const _ of client.watch(ConfigMap, { namespace: 'default', resourceVersion: from })) assert.fail()
    }, isGone)
  })

  it('objects have the keys they have in etcd', async () => {
    await using server = await TestServer.start()
    const { registries, host } = server.controlPlane.server
    const folder = (group: string, version: string, plural: string) =>
      registries.find(group, version, plural)?.cache.prefix
    assert.deepEqual(
      [
        folder('', 'v1', 'pods'),
        folder('', 'v1', 'nodes'),
        folder('', 'v1', 'services'),
        folder('', 'v1', 'endpoints'),
        folder('', 'v1', 'replicationcontrollers'),
        folder('apps', 'v1', 'deployments'),
        folder('networking.k8s.io', 'v1', 'ingresses'),
        folder('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
        folder('apiregistration.k8s.io', 'v1', 'apiservices'),
      ],
      [
        'pods/',
        'minions/',
        'services/specs/',
        'services/endpoints/',
        'controllers/',
        'deployments/',
        'ingress/',
        'apiextensions.k8s.io/customresourcedefinitions/',
        'apiregistration.k8s.io/apiservices/',
      ].map(path => `/registry/${path}`),
    )
    assert.ok(host.feed.cacheOf('/registry/pods/'))
    const entry = await host.store.get('/registry/namespaces/default')
    assert.equal(JSON.parse(Buffer.from(entry?.value ?? []).toString()).kind, 'Namespace')
  })
})
