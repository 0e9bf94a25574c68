import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiRequest } from '../../machinery/http.js'
import { tokenFile } from './token-file.js'

const request = (authorization: string) => ({ headers: { authorization } }) as unknown as ApiRequest

describe('token file', () => {
  const text = [
    '# who may do what',
    'secret1,alice,1,"dev,ops"',
    'secret2,bob,2',
    'secret3,carol,,ops\r',
    '',
    '"with,comma", "d ""quoted""" ,4, " a , b "',
  ].join('\n')
  const cases: readonly (readonly [string, object | undefined])[] = [
    ['Bearer secret1', { name: 'alice', uid: '1', groups: ['dev', 'ops'] }],
    ['bearer secret2', { name: 'bob', uid: '2', groups: [] }],
    ['Bearer secret3', { name: 'carol', groups: ['ops'] }],
    ['Bearer with,comma', { name: 'd "quoted"', uid: '4', groups: ['a', 'b'] }],
    ['Bearer secret', undefined],
    ['Bearer ', undefined],
    ['Basic secret1', undefined],
    ['secret1', undefined],
    ['Bearer #', undefined],
  ]
  for (const [header, expected] of cases)
    it(header, () => assert.deepEqual(tokenFile(text).authenticate(request(header)), expected))

  for (const bad of ['token,user', 'token', ',user,uid', 'token,,uid', 'good,u,1\nbad,u'])
    it(`refuses ${JSON.stringify(bad)}`, () =>
      assert.throws(() => tokenFile(bad), /^Error: token file, line \d: expected at least three columns/))
})
