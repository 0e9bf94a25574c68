import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { oddRequestIn } from './refusal.js'

describe('requests whose method Node.js does not know', () => {
  const ask = (text: string, bytesParsed = 0, code = 'HPE_INVALID_METHOD') =>
    oddRequestIn(Object.assign(new Error(code), { code, rawPacket: Buffer.from(text, 'latin1'), bytesParsed }))

  it('are read', () => {
    const odd = ask('FOO /api/v1/pods?a=b HTTP/1.1\r\nHost: x\r\nAccept:  a \r\naccept:b\r\n\r\nrest')
    assert.deepEqual([odd?.method, odd?.path, odd?.query.get('a')], ['FOO', '/api/v1/pods', 'b'])
    assert.deepEqual(odd?.headers, { host: 'x', accept: 'a, b' })
    assert.deepEqual(odd?.rawHeaders, ['Host', 'x', 'Accept', 'a', 'accept', 'b'])
    assert.equal(ask('GET / HTTP/1.1\r\n\r\nFOO /b HTTP/1.1\r\n\r\n', 19)?.path, '/b')
  })

  for (const [what, text, code] of [
    ['another fault', 'FOO / HTTP/1.1\r\n\r\n', 'HPE_INVALID_URL'],
    ['no method', 'F(O / HTTP/1.1\r\n\r\n'],
    ['no path', 'FOO HTTP/1.1\r\n\r\n'],
    ['another version', 'FOO / HTTP/1.0\r\n\r\n'],
    ['half a head', 'FOO / HTTP/1.1\r\nHost: x\r\n'],
    ['a folded header', 'FOO / HTTP/1.1\r\nA: x\r\n y\r\n\r\n'],
    ['a space in a name', 'FOO / HTTP/1.1\r\nA : x\r\n\r\n'],
    ['a control character', 'FOO / HTTP/1.1\r\nA: x\u0001\r\n\r\n'],
  ] as const)
    it(`are not: ${what}`, () => assert.equal(ask(text, 0, code), undefined))
})
