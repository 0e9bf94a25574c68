import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { objection, signers } from './signers.js'

const node = { commonName: 'system:node:a', organizations: ['system:nodes'] }
const names = (rest: object = {}) => ({ dns: [], addresses: [], emails: [], uris: [], ...rest })
const client = ['digital signature', 'client auth']
const server = ['digital signature', 'key encipherment', 'server auth']

describe('signers', () => {
  const cases: readonly [string, string, object, object, readonly string[], string | undefined][] = [
    ['a user', signers.client, { commonName: 'jane', organizations: [] }, {}, ['client auth'], undefined],
    [
      'a user who serves',
      signers.client,
      { commonName: 'jane', organizations: [] },
      {},
      server,
      'invalid usage for client certificate: server auth',
    ],
    [
      'a user without a purpose',
      signers.client,
      { commonName: 'jane', organizations: [] },
      {},
      ['digital signature'],
      'missing required usage for client certificate: client auth',
    ],
    ['a node', signers.kubeletClient, node, {}, client, undefined],
    [
      'a node of another group',
      signers.kubeletClient,
      { ...node, organizations: ['x'] },
      {},
      client,
      'subject organization is not system:nodes',
    ],
    [
      'a node of another name',
      signers.kubeletClient,
      { ...node, commonName: 'a' },
      {},
      client,
      'subject common name does not begin with system:node:',
    ],
    ['a node with names', signers.kubeletClient, node, { dns: ['a'] }, client, 'DNS subjectAltNames are not allowed'],
    ['a serving node', signers.kubeletServing, node, { addresses: ['10.0.0.1'] }, server, undefined],
    ['a serving node without names', signers.kubeletServing, node, {}, server, 'DNS or IP subjectAltName is required'],
    [
      'a serving node with addresses of mail',
      signers.kubeletServing,
      node,
      { dns: ['a'], emails: ['a@b'] },
      server,
      'Email subjectAltNames are not allowed',
    ],
    [
      'a node that serves',
      signers.kubeletClient,
      node,
      {},
      server,
      'usages did not match [client auth digital signature key encipherment]',
    ],
    ['somebody else’s', 'example.com/x', node, {}, client, 'unrecognized signerName: "example.com/x"'],
  ]
  for (const [name, signer, subject, alternative, usages, expected] of cases)
    it(name, () => assert.equal(objection(signer, { subject, names: names(alternative) } as never, usages), expected))
})
