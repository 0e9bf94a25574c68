import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { readEncryptionConfiguration } from './configuration.js'

const key = (bytes: number, name = 'key1') => ({ name, secret: Buffer.alloc(bytes, 7).toString('base64') })
const aesgcm = { aesgcm: { keys: [key(32)] } }
const kms = (more: object = {}) => ({ kms: { apiVersion: 'v2', name: 'a', endpoint: 'unix:///run/kms.sock', ...more } })

const file = (resources: unknown, more: object = {}) =>
  stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources, ...more })
const one = (names: readonly string[], ...providers: object[]) => file([{ resources: names, providers }])

describe('an EncryptionConfiguration', () => {
  for (const [title, text] of [
    ['aesgcm', one(['secrets'], aesgcm, { identity: {} })],
    ['keys of all sizes', one(['secrets'], { aescbc: { keys: [key(16), key(24, 'b'), key(32, 'c')] } })],
    ['secretbox', one(['secrets'], { secretbox: { keys: [key(32)] } })],
    ['kms v2', one(['secrets'], kms({ timeout: '5s' }), kms({ name: 'b' }))],
    [
      'wildcards, the narrowest first',
      file([
        { resources: ['secrets', 'deployments.apps'], providers: [aesgcm] },
        { resources: ['*.apps', '*.'], providers: [aesgcm] },
        { resources: ['*.*'], providers: [{ identity: {} }] },
      ]),
    ],
    [
      'one resource twice, in entries of their own',
      file([
        { resources: ['secrets'], providers: [aesgcm] },
        { resources: ['secrets'], providers: [{ identity: {} }] },
      ]),
    ],
    ['custom resources', one(['widgets.example.com'], aesgcm)],
  ] as const)
    it(`may have ${title}`, () => {
      assert.equal(readEncryptionConfiguration(text, true).resources?.length, text.split('- resources:').length - 1)
    })

  const r = 'resources[0].resources'
  const p = 'resources[0].providers'
  for (const [title, text, message] of [
    ['no text', ' \n', 'it is empty'],
    ['text that is no YAML', 'a: [', /^Flow sequence in block collection/],
    [
      'another kind',
      'kind: Pod\napiVersion: v1',
      'it is of kind Pod in v1, not of kind EncryptionConfiguration in apiserver.config.k8s.io/v1',
    ],
    ['a list', '- a', /^it is of kind undefined/],
    ['an unknown field', file([], { extra: 1 }), 'unknown field "extra"'],
    ['a field of the wrong type', file('x'), /resources/],
    ['no resources', file([]), 'resources: Required value: at least one resources is required'],
    [
      'an entry without anything',
      file([{}]),
      `[${r}: Required value: at least one ${r} is required, ${p}: Required value: at least one ${p} is required]`,
    ],
    [
      'a resource twice',
      one(['secrets', 'secrets'], aesgcm),
      `${r}: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times`,
    ],
    [
      'an overlap within a group',
      one(['secrets', '*.'], aesgcm),
      `${r}: Invalid value: ["secrets","*."]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
    ],
    [
      'an overlap with everything',
      one(['*.*', 'a.b'], aesgcm),
      `${r}: Invalid value: ["*.*","a.b"]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
    ],
    [
      'one wildcard twice',
      one(['*.', '*.'], aesgcm),
      `[${r}: Invalid value: ["*.","*."]: the same resource cannot be specified multiple times, ${r}: Invalid value: ["*.","*."]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked]`,
    ],
    [
      'capital letters',
      one(['Secrets'], aesgcm),
      `${r}[0]: Invalid value: "Secrets": resource name should not contain capital letters`,
    ],
    [
      'a star alone',
      one(['*'], aesgcm),
      `${r}[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
    ],
    [
      'what is not served',
      one(['serviceipallocations'], aesgcm),
      `${r}[0]: Invalid value: "serviceipallocations": resources which do not have REST API/s cannot be encrypted`,
    ],
    [
      'events of their new group',
      one(['events.events.k8s.io'], aesgcm),
      `${r}[0]: Invalid value: "events.events.k8s.io": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`,
    ],
    [
      'a group that is no more',
      one(['ingresses.extensions'], aesgcm),
      `${r}[0]: Invalid value: "ingresses.extensions": 'extensions' group has been removed and cannot be used for encryption`,
    ],
    [
      'a resource of any group',
      one(['secrets.*'], aesgcm),
      `${r}[0]: Invalid value: "secrets.*": encrypting the same resource across groups is not supported`,
    ],
    [
      'a provider that is none',
      one(['secrets'], {}),
      `${p}[0]: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    ],
    [
      'two providers in one',
      one(['secrets'], { ...aesgcm, identity: {} }),
      `${p}[0]: Invalid value: more than one provider specified in a single element, should split into different list elements`,
    ],
    [
      'no keys',
      one(['secrets'], { aesgcm: { keys: [] } }),
      `${p}[0].aesgcm.keys: Required value: at least one keys is required`,
    ],
    [
      'a key without anything',
      one(['secrets'], { aescbc: { keys: [{}] } }),
      `[${p}[0].aescbc.keys[0].name: Required value: name is a mandatory field for a key, ${p}[0].aescbc.keys[0].secret: Required value: secret is a mandatory field for a key]`,
    ],
    [
      'a key that is no base64',
      one(['secrets'], { aesgcm: { keys: [{ name: 'a', secret: 'not base64!' }] } }),
      `${p}[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`,
    ],
    [
      'a key of a wrong length',
      one(['secrets'], { aesgcm: { keys: [key(17)] } }),
      `${p}[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 17, expected one of [16 24 32]`,
    ],
    [
      'a box key of a wrong length',
      one(['secrets'], { secretbox: { keys: [key(16)] } }),
      `${p}[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of [32]`,
    ],
    [
      'a plugin without name and endpoint',
      one(['secrets'], { kms: { apiVersion: 'v2' } }),
      `[${p}[0].kms.name: Required value: name is a mandatory field for a provider, ${p}[0].kms.endpoint: Invalid value: "": endpoint is a mandatory field for a kms]`,
    ],
    [
      'a plugin with a colon',
      one(['secrets'], kms({ name: 'a:b' })),
      `${p}[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':'`,
    ],
    [
      'two plugins of one name',
      one(['secrets'], kms(), kms()),
      `${p}[1].kms.name: Invalid value: "a": duplicate KMS provider name a, names must be unique`,
    ],
    [
      'a plugin with no time',
      one(['secrets'], kms({ timeout: '0s' })),
      `${p}[0].kms.timeout: Invalid value: "0s": timeout should be a positive value`,
    ],
    [
      'a plugin elsewhere',
      one(['secrets'], kms({ endpoint: 'tcp://a:1' })),
      `${p}[0].kms.endpoint: Invalid value: "tcp://a:1": unsupported scheme "tcp" for KMS provider, only unix is supported`,
    ],
    [
      'a cache size of v2',
      one(['secrets'], kms({ cachesize: 10 })),
      `${p}[0].kms.cachesize: Invalid value: 10: cachesize is not supported in v2`,
    ],
    [
      'an unknown version',
      one(['secrets'], kms({ apiVersion: 'v3' })),
      `${p}[0].kms.apiVersion: Invalid value: "v3": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported`,
    ],
    [
      'version 1',
      one(['secrets'], { kms: { name: 'a', endpoint: 'unix:///x' } }),
      /^KMSv1 is deprecated and not served. Use KMSv2 instead: set `apiVersion: v2`/,
    ],
    [
      'a rule masked by its group',
      file([
        { resources: ['*.apps'], providers: [aesgcm] },
        { resources: ['deployments.apps'], providers: [aesgcm] },
      ]),
      'resource "deployments.apps" is masked by earlier rule "*.apps"',
    ],
    [
      'a rule masked by the core group',
      file([
        { resources: ['*.'], providers: [aesgcm] },
        { resources: ['secrets'], providers: [aesgcm] },
      ]),
      'resource "secrets" is masked by earlier rule "*."',
    ],
    [
      'a rule masked by everything',
      file([
        { resources: ['*.*'], providers: [aesgcm] },
        { resources: ['*.'], providers: [aesgcm] },
      ]),
      'resource "*." is masked by earlier rule "*.*"',
    ],
  ] as const)
    it(`may not have ${title}`, () => {
      assert.throws(() => readEncryptionConfiguration(text, true), { name: 'EncryptionConfigError', message })
    })
})
