import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestInfo } from './request-info.js'

const read = (method: string, target: string) => {
  const [path = '', query = ''] = target.split('?')
  return requestInfo(method, path, new URLSearchParams(query))
}

/** `verb group/version plural/subresource@namespace/name rest`; only what there is. */
function summary(method: string, target: string): string {
  const { verb, path, resource } = read(method, target)
  if (!resource) return `${verb} ${path}`
  const { group, version, plural, subresource, namespace, name, rest } = resource
  return `${verb} ${group}/${version} ${plural}${subresource ? `/${subresource}` : ''} ${namespace}/${name}${rest ? ` ${rest}` : ''}`
}

describe('request info', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['GET', '/', 'get /'],
    ['GET', '/api', 'get /api'],
    ['GET', '/api/', 'get /api/'],
    ['GET', '/api/v1', 'get /api/v1'],
    ['GET', '/apis/apps', 'get /apis/apps'],
    ['GET', '/apis/apps/v1/', 'get /apis/apps/v1/'],
    ['GET', '/healthz', 'get /healthz'],
    ['POST', '/version', 'post /version'],
    ['GET', '/api/v1/pods', 'list /v1 pods /'],
    ['GET', '/api/v1/pods/', 'list /v1 pods /'],
    ['GET', '/api/v1/pods?watch=true', 'watch /v1 pods /'],
    ['GET', '/api/v1/pods?watch', 'watch /v1 pods /'],
    ['GET', '/api/v1/pods?watch=0', 'list /v1 pods /'],
    ['GET', '/api/v1/pods?watch=FALSE', 'list /v1 pods /'],
    ['HEAD', '/api/v1/pods', 'list /v1 pods /'],
    ['POST', '/api/v1/namespaces/a/pods', 'create /v1 pods a/'],
    ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection /v1 pods a/'],
    ['DELETE', '/api/v1/namespaces/a/pods/p', 'delete /v1 pods a/p'],
    ['PUT', '/api/v1/namespaces/a/pods/p', 'update /v1 pods a/p'],
    ['PATCH', '/api/v1/namespaces/a/pods/p/status', 'patch /v1 pods/status a/p'],
    ['OPTIONS', '/api/v1/pods', ' /v1 pods /'],
    ['get', '/api/v1/pods', ' /v1 pods /'],
    ['FOO', '/version', 'foo /version'],
    ['GET', '/api/v1/namespaces/a/pods/p?watch=1', 'get /v1 pods a/p'],
    ['GET', '/api/v1/namespaces', 'list /v1 namespaces /'],
    ['GET', '/api/v1/namespaces/a', 'get /v1 namespaces a/a'],
    ['GET', '/api/v1/namespaces/a/status', 'get /v1 namespaces/status a/a'],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update /v1 namespaces/finalize a/a'],
    ['GET', '/api/v1/namespaces/a/status/x', 'get /v1 namespaces/status a/a /x'],
    ['GET', '/apis/apps/v1/namespaces/a/deployments/d/scale', 'get apps/v1 deployments/scale a/d'],
    ['GET', '/apis/x.example.com/v1/namespaces/a/status', 'get x.example.com/v1 namespaces/status /a'],
    ['GET', '/api/v1/watch/pods', 'watch /v1 pods /'],
    ['GET', '/api/v1/watch/namespaces/a/pods/p', 'watch /v1 pods a/p'],
    ['GET', '/api/v1/namespaces/a/pods//', 'list /v1 pods a/'],
    ['GET', '/api/v1/namespaces/%ff', 'get /v1 namespaces \ufffd/\ufffd'],
    ['GET', '/api/v1/namespaces/a/services/s:80/proxy/', 'get /v1 services/proxy a/s:80 /'],
    ['GET', '/api/v1/namespaces/a/services/s/proxy/x//y/?q=1', 'get /v1 services/proxy a/s /x//y/'],
    ['GET', '/api/v1/nodes/n/proxy', 'get /v1 nodes/proxy /n'],
    // What is encoded is the same path.
    ['GET', '/api/v1/namespaces/a%20b/pods', 'list /v1 pods a b/'],
    ['GET', '/api/v1/namespaces/a/pods/p%2Fstatus', 'get /v1 pods/status a/p'],
    ['GET', '/api%2Fv1%2Fpods', 'list /v1 pods /'],
    // No segment is ever taken for the one above it.
    ['GET', '/api/v1/namespaces/../pods', 'list /v1 pods ../'],
    ['GET', '/api/v1/namespaces/a/pods/%2e%2e', 'get /v1 pods a/..'],
  ]
  for (const [method, target, expected] of cases)
    it(`${method} ${target}`, () => assert.equal(summary(method, target), expected))

  for (const target of [
    '/api//v1',
    '/api//v1/pods',
    '/apis/apps//deployments',
    '/api/v1//pods',
    '/api/v1/pods//status',
  ])
    it(`knows nothing called nothing: ${target}`, () =>
      assert.throws(() => read('GET', target), { code: 404, reason: 'NotFound' }))

  for (const [target, code] of [
    ['/api/v1/pods/%', 400],
    ['/%zz', 400],
    ['/api/v1/watch', 500],
    ['/apis/apps/v1/proxy/', 500],
  ] as const)
    it(`refuses ${target}`, () => assert.throws(() => read('GET', target), { code }))
})
