import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import type { ApiRequest, ApiResponse, UserInfo } from '../../machinery/http.js'
import { until } from '../test-server.js'
import type { AccessRequest } from './access-request.js'
import type { Authorizer } from './authorizer.js'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'PROPFIND']

/** Beside what the documents and the list of paths tell of. */
const furtherPaths = [
  ...[
    '/flagz',
    '/statusz',
    '/debug/pprof',
    '/debug/pprof/profile',
    '/debug/flags/v',
    '/logs',
    '/logs/x',
    '/metrics/slis',
  ],
  ...['dump_priority_levels', 'dump_queues', 'dump_requests'].map(name => `/debug/api_priority_and_fairness/${name}`),
  ...[
    '/healthz/ping',
    '/livez/etcd',
    '/readyz/shutdown',
    '/readyz/',
    '/healthz/log',
    '/index.html',
    '/favicon.ico',
    '/x',
  ],
  ...[
    '/api/v1/watch/pods',
    '/api/v1/watch/namespaces/x/pods/y',
    '/api/v1/namespaces/x/finalize',
    '/api/v2',
    '/apis/x/v1',
  ],
  ...[
    '/apis/x/v1/y/z',
    '/openapi',
    '/openapi/v3/',
    '/openapi/v3/x',
    '/swagger.json',
    '/api/v1/pods/x/y/z',
    '/.well-known/x',
  ],
  ...[
    '/api/v1/namespaces/x/pods/y/proxy/a/../b',
    '/API/v1/pods',
    '/api/v1/pods/',
    '/Healthz',
    '/metrics/',
    '/version/',
  ],
]

describe('every route of the server', () => {
  let plane: ControlPlane
  let asked: AccessRequest[] = []
  const nobody: Authorizer = {
    authorize(_user: UserInfo, request: AccessRequest) {
      asked.push(request)
      return { verdict: 'none', reason: 'nothing is' }
    },
    rulesFor: () => ({ rules: [], incomplete: false, errors: [] }),
  }
  const send = (method: string, target: string, more: Partial<ApiRequest> = {}): Promise<ApiResponse> => {
    const [path = '', query] = target.split('?')
    return plane.server.handle({
      method,
      path,
      target,
      query: new URLSearchParams(query),
      headers: { accept: 'application/json' },
      body: { kind: 'none' },
      signal: new AbortController().signal,
      remoteAddress: '192.0.2.1',
      ...more,
    })
  }
  const json = async (path: string) => {
    const user = { name: 'admin', groups: ['system:masters'] }
    const { body } = await send('GET', path, { user })
    if (body.kind === 'object') return body.value
    assert.equal(body.kind, 'bytes', path)
    return JSON.parse(Buffer.concat(body.kind === 'bytes' ? body.chunks : []).toString())
  }
  const paths = new Set<string>(furtherPaths)

  before(async () => {
    plane = await ControlPlane.start({ port: false, scheduler: false, controllers: false, authorization: [nobody] })
    await plane.client.create(CustomResourceDefinition, {
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'boats', kind: 'Boat' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object' } },
          },
        ],
      },
    } as never)
    const registries = plane.server.registries
    await until(() => registries.find('example.com', 'v1', 'boats') !== undefined)
    for (const path of (await json('/')).paths) paths.add(path)
    for (const name of Object.keys((await json('/openapi/v3')).paths)) {
      paths.add(`/openapi/v3/${name}`)
      const { paths: documented } = (await json(`/openapi/v3/${name}`)) as { paths: object }
      for (const path of Object.keys(documented)) paths.add(path.replaceAll(/\{[^}]+\}/g, 'x'))
    }
    for (const { resource } of registries.all()) {
      const { gvk, plural, namespaced } = resource.kind
      const root = `${gvk.group ? `/apis/${gvk.group}` : '/api'}/${gvk.version}`
      for (const at of namespaced ? [root, `${root}/namespaces/x`] : [root]) {
        paths.add(`${at}/${plural}`).add(`${at}/${plural}/x`).add(`${at}/${plural}?watch=true`)
        for (const { name } of resource.subresources)
          paths.add(`${at}/${plural}/x/${name}`).add(`${at}/${plural}/x/${name}/a/b`)
      }
    }
  })
  after(() => plane[Symbol.asyncDispose]())

  it('is asked about before anything is told', async () => {
    assert.ok(paths.size > 700, `only ${paths.size} paths`)
    for (const path of paths)
      for (const method of methods) {
        asked = []
        const { status, body } = await send(method, path)
        const what = `${method} ${path}`
        assert.equal(status, 403, what)
        assert.equal(asked.length, 1, what)
        assert.equal(asked[0]?.path, path.split('?')[0], what)
        const text = body.kind === 'bytes' ? Buffer.concat(body.chunks).toString() : body.kind
        assert.match(text, /"reason":"Forbidden"/, what)
      }
  })

  it('that is upgraded is asked about, too, and the socket is left alone', async () => {
    const touched = new Proxy(
      {},
      {
        get(_target, name) {
          throw new Error(`the socket's ${String(name)} was touched`)
        },
      },
    )
    for (const path of paths) {
      asked = []
      const { status } = await send('GET', path, {
        headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-protocol': 'v5.channel.k8s.io' },
        upgrade: { socket: touched as never, head: Buffer.alloc(0), rawUrl: path },
      })
      assert.equal(status, 403, path)
      assert.equal(asked.length, 1, path)
    }
  })

  it('that makes no sense tells nothing, whoever asks', async () => {
    for (const path of ['/api//v1/pods', '/apis//v1', '//api/v1/pods', '/api/v1//pods', '/%', '/api/%zz', '//', '/\0'])
      for (const method of methods) {
        const { status, body } = await send(method, path)
        assert.ok([400, 403, 404].includes(status), `${method} ${path}: ${status}`)
        const text = body.kind === 'bytes' ? Buffer.concat(body.chunks).toString() : ''
        assert.doesNotMatch(text, /items|kube-system/)
      }
  })
})
