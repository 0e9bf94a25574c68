import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest, ClientCertificate } from '../../machinery/http.js'
import { requestHeaders } from './request-headers.js'

const clock = new ManualClock()
const proxy: ClientCertificate = {
  commonName: 'proxy',
  organizations: [],
  expires: clock.now() + 1000,
  authority: 'front',
}
const headers = {
  'X-Remote-User': 'alice',
  'X-Remote-Group': ['dev', 'a, b'],
  'X-Remote-Extra-Acme.com%2Fproject': ['p1', 'p2'],
}

function request(
  sent: { [name: string]: string | readonly string[] },
  clientCertificate?: ClientCertificate,
): ApiRequest {
  const all = Object.entries(sent).flatMap(([name, values]) => [values].flat().map(value => [name, value] as const))
  const joined: Record<string, string> = {}
  for (const [name, value] of all)
    joined[name.toLowerCase()] = joined[name.toLowerCase()] ? `${joined[name.toLowerCase()]}, ${value}` : value
  return {
    headers: joined,
    rawHeaders: all.flat(),
    ...(clientCertificate ? { clientCertificate } : {}),
  } as unknown as ApiRequest
}

const authenticate = (asked: ApiRequest, allowedNames: readonly string[] = ['proxy']) =>
  requestHeaders({
    authorities: new Set(['front']),
    allowedNames,
    usernameHeaders: ['X-Remote-User', 'X-Other-User'],
    uidHeaders: ['X-Remote-Uid'],
    groupHeaders: ['X-Remote-Group'],
    extraHeaderPrefixes: ['X-Remote-Extra-'],
    clock,
  }).authenticate(asked)

describe('headers of a proxy', () => {
  it('name the user, as they came', () =>
    assert.deepEqual(authenticate(request(headers, proxy)), {
      name: 'alice',
      groups: ['dev', 'a, b'],
      extra: { 'acme.com/project': ['p1', 'p2'] },
    }))
  it('may have several names, and a uid', () =>
    assert.deepEqual(authenticate(request({ 'X-Other-User': 'bob', 'X-Remote-Uid': '7' }, proxy)), {
      name: 'bob',
      uid: '7',
      groups: [],
    }))
  it('count from nobody else', () => {
    assert.equal(authenticate(request(headers)), undefined)
    assert.equal(authenticate(request(headers, { ...proxy, authority: 'clients' })), undefined)
    const { authority: _, ...unknown } = proxy
    assert.equal(authenticate(request(headers, unknown)), undefined)
  })
  it('are refused from proxies of other names, and with certificates that are over or wrong', () => {
    assert.throws(() => authenticate(request(headers, { ...proxy, commonName: 'other' })), { code: 401 })
    assert.throws(() => authenticate(request(headers, { ...proxy, expires: clock.now() })), { code: 401 })
    assert.throws(() => authenticate(request(headers, { ...proxy, fault: 'x' })), { code: 401 })
    assert.ok(authenticate(request(headers, { ...proxy, commonName: 'other' }), []))
  })
  it('need a user', () => assert.equal(authenticate(request({ 'X-Remote-Group': 'dev' }, proxy)), undefined))
})
