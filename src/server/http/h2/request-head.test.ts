import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { areTrailers, requestHead } from './request-head.js'

const head = (...lines: readonly string[]) =>
  requestHead(
    lines.map(line => {
      const colon = line.indexOf(': ')
      return { name: line.slice(0, colon), value: line.slice(colon + 2) }
    }),
  )
const usual = [':method: GET', ':scheme: https', ':path: /a?b', ':authority: here:1'] as const

describe('the head of a request', () => {
  it('is read', () => {
    const { method, path, headers, length } = head(...usual, 'accept: a', 'content-length: 12') ?? {}
    assert.deepEqual(
      { method, path, headers: { ...headers }, length },
      {
        method: 'GET',
        path: '/a?b',
        headers: { accept: 'a', 'content-length': '12', host: 'here:1' },
        length: 12,
      },
    )
  })

  it('joins what comes several times', () => {
    const { headers } =
      head(...usual, 'cookie: a=b', 'cookie: c=d', 'accept: x', 'accept: y', 'authorization: 1', 'authorization: 2') ??
      {}
    assert.deepEqual({ ...headers }, { cookie: 'a=b; c=d', accept: 'x, y', authorization: '1', host: 'here:1' })
  })

  it('may have headers that objects have, too', () => {
    const { headers } = head(...usual, 'constructor: a', '__proto__: b') ?? {}
    assert.equal(headers?.['constructor'], 'a')
    assert.equal(Object.getPrototypeOf(headers), Object.prototype)
  })

  const others = {
    'for all of the server': [[':method: OPTIONS', ':scheme: https', ':path: *'], '*'],
    'that connects': [[':method: CONNECT', ':authority: there:1'], '/'],
    'with a host in place of an authority': [[':method: GET', ':scheme: https', ':path: /', 'host: here'], '/'],
    'that takes trailers': [[...usual, 'te: trailers'], '/a?b'],
  } as const
  for (const [what, [lines, path]] of Object.entries(others))
    it(`is that of one ${what}`, () => assert.equal(head(...lines)?.path, path))

  const malformed = {
    'no method': [':scheme: https', ':path: /'],
    'no path': [':method: GET', ':scheme: https'],
    'an empty path': [':method: GET', ':scheme: https', ':path: '],
    'a relative path': [':method: GET', ':scheme: https', ':path: a'],
    'no scheme': [':method: GET', ':path: /'],
    'two paths': [...usual, ':path: /'],
    'an unknown pseudo header': [...usual, ':x: y'],
    'a status': [...usual, ':status: 200'],
    'a pseudo header behind others': [':method: GET', 'a: b', ':scheme: https', ':path: /'],
    'capital letters': [...usual, 'Accept: a'],
    'a name with a space': [...usual, 'a b: c'],
    'an empty name': [...usual, ': c'],
    'a line break in a value': [...usual, 'a: b\r\nc: d'],
    'a zero in a value': [...usual, 'a: b\0'],
    'a value that begins with a space': [...usual, 'a:  b'],
    'a value that ends with a tab': [...usual, 'a: b\t'],
    'a header of a connection': [...usual, 'connection: close'],
    'an encoding of the transfer': [...usual, 'transfer-encoding: chunked'],
    'a te that is not for trailers': [...usual, 'te: gzip'],
    'two lengths': [...usual, 'content-length: 1', 'content-length: 2'],
    'a length that is none': [...usual, 'content-length: -1'],
    'a method that is none': [':method: G T', ':scheme: https', ':path: /'],
    'a connection to a path': [':method: CONNECT', ':authority: there', ':path: /', ':scheme: https'],
  }
  for (const [what, lines] of Object.entries(malformed))
    it(`is malformed with ${what}`, () => assert.equal(head(...lines), undefined))

  it('may be followed by trailers', () => {
    assert.equal(areTrailers([{ name: 'a', value: 'b' }]), true)
    assert.equal(areTrailers([{ name: ':path', value: 'b' }]), false)
    assert.equal(areTrailers([{ name: 'connection', value: 'b' }]), false)
  })
})
