import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigMap, Container, Secret, Service } from '../../api/core/v1/index.js'
import { container, pod } from '../test-pods.js'
import { parseEnvFile } from './env-file.js'
import { containerEnvironment, type EnvironmentSources, environmentReferences } from './environment.js'
import { expand } from './expansion.js'

const service = (namespace: string, name: string, clusterIP: string, ports: Service['spec']['ports'] = []): Service =>
  ({ metadata: { namespace, name }, spec: { clusterIP, ports } }) as Service

const sources: EnvironmentSources = {
  services: [
    service('default', 'kubernetes', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }]),
    service('default', 'my-db', '10.96.0.9', [
      { name: 'main', port: 5432, protocol: 'TCP', targetPort: 5432 },
      { name: 'stats', port: 53, protocol: 'UDP', targetPort: 53 },
    ]),
    service('default', 'headless', 'None', [{ port: 1, protocol: 'TCP', targetPort: 1 }]),
    service('other', 'far', '10.96.0.7'),
  ],
  configMaps: new Map([['cm', { metadata: { name: 'cm' }, data: { k: 'v', 'x.y': '1' } } as ConfigMap]]),
  secrets: new Map([['s', { metadata: { name: 's' }, data: { password: 'aHVudGVyMg==' } } as Secret]]),
  files: new Map([['v/app.env', "# comment\nNAME='a b'\n"]]),
  node: { hostIps: ['192.0.2.1'], allocatable: { cpu: '2', memory: '4Gi' } },
  podIps: ['10.0.0.5', 'fd00::5'],
}

const environment = (spec: Partial<Container>, links = false) => {
  const subject = container('a', spec)
  const owner = pod(
    { containers: [subject], enableServiceLinks: links, serviceAccountName: 'sa' },
    { labels: { app: 'web', 'a.b/c': 'd"e' } },
  )
  return Object.fromEntries(containerEnvironment(owner, subject, sources))
}
const from = (valueFrom: object): object => environment({ env: [{ name: 'X', valueFrom }] })
const value = (valueFrom: object): unknown => (from(valueFrom) as { X?: string }).X

describe('the environment of a container', () => {
  const fields: readonly (readonly [string, string])[] = [
    ['metadata.name', 'web'],
    ['metadata.namespace', 'default'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.labels['none']", ''],
    ['metadata.labels', 'a.b/c="d\\"e"\napp="web"'],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'sa'],
    ['status.hostIP', '192.0.2.1'],
    ['status.podIP', '10.0.0.5'],
    ['status.podIPs', '10.0.0.5,fd00::5'],
  ]
  for (const [fieldPath, want] of fields)
    it(`has ${fieldPath}`, () => assert.equal(value({ fieldRef: { fieldPath } }), want))

  const resources: readonly (readonly [string, string | undefined, string])[] = [
    ['limits.cpu', undefined, '1'],
    ['limits.cpu', '1m', '500'],
    ['requests.cpu', '1m', '250'],
    ['limits.memory', '1Mi', '64'],
    ['requests.memory', undefined, '0'],
    ['limits.ephemeral-storage', undefined, '0'],
  ]
  for (const [resource, divisor, want] of resources)
    it(`has ${resource} in ${divisor ?? 'whole units'}`, () =>
      assert.equal(
        environment({
          resources: { limits: { cpu: '500m', memory: '64Mi' }, requests: { cpu: '250m' } },
          env: [{ name: 'X', valueFrom: { resourceFieldRef: { resource, divisor: divisor ?? '0' } } }],
        }).X,
        want,
      ))
  it('takes the node for a limit that is not set', () => {
    assert.equal(value({ resourceFieldRef: { resource: 'limits.cpu' } }), '2')
    assert.equal(value({ resourceFieldRef: { resource: 'limits.memory', divisor: '1Gi' } }), '4')
  })

  it('has values of ConfigMaps, Secrets and files', () => {
    assert.equal(value({ configMapKeyRef: { name: 'cm', key: 'k' } }), 'v')
    assert.equal(value({ secretKeyRef: { name: 's', key: 'password' } }), 'hunter2')
    assert.equal(value({ fileKeyRef: { volumeName: 'v', path: 'app.env', key: 'NAME' } }), 'a b')
    assert.deepEqual(
      environment({ envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }, { secretRef: { name: 's' } }] }),
      {
        P_k: 'v',
        'P_x.y': '1',
        password: 'hunter2',
        ...environment({}),
      },
    )
  })

  const missing: readonly (readonly [object, string])[] = [
    [{ configMapKeyRef: { name: 'no', key: 'k' } }, 'configmap "no" not found'],
    [{ configMapKeyRef: { name: 'cm', key: 'no' } }, "couldn't find key no in ConfigMap default/cm"],
    [{ secretKeyRef: { name: 'no', key: 'k' } }, 'secret "no" not found'],
    [{ secretKeyRef: { name: 's', key: 'no' } }, "couldn't find key no in Secret default/s"],
    [{ fileKeyRef: { volumeName: 'v', path: 'no', key: 'k' } }, 'file "no" not found in volume "v"'],
    [{ fieldRef: { fieldPath: 'spec.nonsense' } }, 'unsupported fieldPath: spec.nonsense'],
  ]
  for (const [valueFrom, message] of missing)
    it(`says ${message}`, () => {
      assert.throws(() => from(valueFrom), { name: 'ConfigError', message })
      const [[kind, reference] = ['', {}]] = Object.entries(valueFrom)
      if (kind !== 'fieldRef') assert.equal(value({ [kind]: { ...reference, optional: true } }), undefined)
    })

  it('expands references to what came before and to services', () =>
    assert.equal(
      environment({
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: '$(A)/$$(A)/$(NONE)/$(KUBERNETES_SERVICE_HOST)' },
        ],
      }).B,
      'x/$(A)/$(NONE)/10.96.0.1',
    ))

  it('tells services', () => {
    assert.deepEqual(environment({}), {
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    })
    const linked = environment({ env: [{ name: 'MY_DB_SERVICE_PORT', value: 'mine' }] }, true)
    assert.equal(linked.MY_DB_SERVICE_HOST, '10.96.0.9')
    assert.equal(linked.MY_DB_SERVICE_PORT, 'mine')
    assert.equal(linked.MY_DB_PORT_53_UDP, 'udp://10.96.0.9:53')
    assert.equal(linked.MY_DB_PORT, 'tcp://10.96.0.9:5432')
    assert.ok(!Object.keys(linked).some(name => name.startsWith('HEADLESS') || name.startsWith('FAR')))
  })

  it('knows what it refers to', () => {
    const references = environmentReferences(
      container('a', {
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          { name: 'B', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'p', key: 'k' } } },
        ],
        envFrom: [{ configMapRef: { name: 'cm' } }],
      }),
    )
    assert.deepEqual([...references.configMaps, ...references.secrets, ...references.files], ['cm', 's', 'v/p'])
  })
})

describe('expansion', () => {
  const table: readonly (readonly [string, string])[] = [
    ['$(A)', '1'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(B)', '$(B)'],
    ['$(A', '$(A'],
    ['a$', 'a$'],
    ['$A', '$A'],
    ['$(A)$(A)', '11'],
    ['$()', '$()'],
  ]
  for (const [text, want] of table)
    it(`${text} is ${want}`, () =>
      assert.equal(
        expand(text, name => (name === 'A' ? '1' : undefined)),
        want,
      ))
})

describe('env files', () => {
  it('are read', () =>
    assert.deepEqual(Object.fromEntries(parseEnvFile('A=1\n\n# no\nexport B="x \\"y\\""\nC=\'$D\' # why\nE=')), {
      A: '1',
      B: 'x "y"',
      C: '$D',
      E: '',
    }))
  it('refuse other lines', () => assert.throws(() => parseEnvFile('what'), /line 1/))
})
