import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityHeaders } from './identity-headers.js'

test('a user in headers', () => {
  assert.deepEqual(
    identityHeaders({
      name: 'jürgen',
      uid: '7',
      groups: ['a', 'b'],
      extra: { 'authentication.kubernetes.io/node name': ['n'], 'ü%': ['1', '2'] },
    }),
    {
      'x-remote-user': 'jÃ¼rgen',
      'x-remote-uid': '7',
      'x-remote-group': ['a', 'b'],
      'x-remote-extra-authentication.kubernetes.io%2Fnode%20name': ['n'],
      'x-remote-extra-%C3%BC%25': ['1', '2'],
    },
  )
  assert.deepEqual(identityHeaders({ name: 'u', groups: [] }), { 'x-remote-user': 'u' })
})

for (const name of ['a\r\nX-Remote-Group: system:masters', 'a\0', 'a\u007f'])
  test(`${JSON.stringify(name)} is no header`, () =>
    assert.throws(() => identityHeaders({ name, groups: [] }), { message: /invalid header field value/ }))
