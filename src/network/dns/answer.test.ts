import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service, ServiceSpec } from '../../api/core/v1/index.js'
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/index.js'
import { answer, reverseAddress } from './answer.js'
import { readName } from './names.js'
import { addressOf, type DnsRecord, internetClass, recordTypes, responseCodes } from './records.js'
import { ServiceZone } from './zone.js'

const service = (name: string, spec: ServiceSpec): Service => ({
  metadata: { namespace: 'default', name },
  spec,
  status: { loadBalancer: {} },
})

const slice = (
  of: string,
  endpoints: readonly (Partial<Endpoint> & { readonly addresses: readonly string[] })[],
  {
    name = `${of}-1`,
    ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] as EndpointSlice['ports'],
    family = 4,
  } = {},
): EndpointSlice => ({
  metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': of } },
  addressType: `IPv${family}`,
  ports,
  endpoints: endpoints.map(endpoint => ({ conditions: {}, ...endpoint })),
})

function exampleZone(): ServiceZone {
  const zone = new ServiceZone('Cluster.Local.', ['10.96.0.10'])
  zone.putService(
    service('web', {
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1', 'FD00:0::1'],
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' },
        { port: 9, targetPort: 9 },
      ],
    }),
  )
  zone.putSlice(slice('web', [{ addresses: ['10.244.0.5'] }]))
  zone.putService(service('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, targetPort: 5432 }] }))
  zone.putSlice(
    slice(
      'db',
      [
        { addresses: ['10.244.0.7'], hostname: 'db-0' },
        { addresses: ['10.244.1.8'], hostname: 'db-1', conditions: { ready: true } },
        { addresses: ['10.244.1.9'] },
        { addresses: ['10.244.1.10'], hostname: 'db-2', conditions: { ready: false } },
      ],
      { ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
    ),
  )
  zone.putSlice(slice('db', [{ addresses: ['fd00:1::7'], hostname: 'db-0' }], { name: 'db-6', family: 6, ports: [] }))
  zone.putService(service('early', { clusterIP: 'None', publishNotReadyAddresses: true }))
  zone.putSlice(
    slice('early', [{ addresses: ['10.244.2.1'], hostname: 'e', conditions: { ready: false } }], { ports: [] }),
  )
  zone.putService(service('empty', { clusterIP: 'None' }))
  zone.putService(service('outside', { type: 'ExternalName', externalName: 'Www.Example.com.' }))
  zone.putService(service('inside', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }))
  zone.putService(service('lost', { type: 'ExternalName', externalName: 'nobody.default.svc.cluster.local' }))
  zone.putService(service('circle', { type: 'ExternalName', externalName: 'circle.default.svc.cluster.local' }))
  return zone
}

/** A record as one would write it in a zone file, without its time to live. */
function print({ name, type, data }: DnsRecord): string {
  const bytes = Buffer.from(data)
  const [kind = `TYPE${type}`] = Object.entries(recordTypes).find(([, number]) => number === type) ?? []
  switch (type) {
    case recordTypes.A:
    case recordTypes.AAAA:
      return `${name} ${kind} ${addressOf({ data })}`
    case recordTypes.SRV:
      return `${name} ${kind} ${bytes.readUInt16BE(0)} ${bytes.readUInt16BE(2)} ${bytes.readUInt16BE(4)} ${readName(bytes, 6)}`
    case recordTypes.TXT:
      return `${name} ${kind} "${bytes.toString('latin1', 1)}"`
    default:
      return `${name} ${kind} ${readName(bytes, 0)}`
  }
}

const web = 'web.default.svc.cluster.local'
const db = 'db.default.svc.cluster.local'
const soa = 'cluster.local SOA ns.dns.cluster.local'
const noName = ['NXDOMAIN', `authority ${soa}`]
const noData = ['NOERROR', `authority ${soa}`]

const cases: readonly (readonly [question: string, ...answer: string[]])[] = [
  [`${web} A`, 'NOERROR', `${web} A 10.96.0.1`],
  [`${web} AAAA`, 'NOERROR', `${web} AAAA fd00::1`],
  [`${web} TXT`, ...noData],
  [
    `_http._tcp.${web} SRV`,
    'NOERROR',
    `_http._tcp.${web} SRV 0 100 80 ${web}`,
    `additional ${web} A 10.96.0.1`,
    `additional ${web} AAAA fd00::1`,
  ],
  [
    `_dns._udp.${web} SRV`,
    'NOERROR',
    `_dns._udp.${web} SRV 0 100 53 ${web}`,
    `additional ${web} A 10.96.0.1`,
    `additional ${web} AAAA fd00::1`,
  ],
  [`_http._udp.${web} SRV`, ...noName],
  [`_http._tcp.${web} A`, ...noData],
  [`_tcp.${web} SRV`, ...noData],
  [`_sctp.${web} SRV`, ...noName],
  [`_._tcp.${web} SRV`, ...noName],
  [
    `${web} SRV`,
    'NOERROR',
    `${web} SRV 0 33 80 ${web}`,
    `${web} SRV 0 33 53 ${web}`,
    `${web} SRV 0 33 9 ${web}`,
    `additional ${web} A 10.96.0.1`,
    `additional ${web} AAAA fd00::1`,
  ],
  [`10-244-0-5.${web} A`, 'NOERROR', `10-244-0-5.${web} A 10.244.0.5`],
  [`10-244-0-6.${web} A`, ...noName],
  [`nobody.default.svc.cluster.local A`, ...noName],
  [`web.nowhere.svc.cluster.local A`, ...noName],
  [`a.b.c.${web} A`, ...noName],

  [`${db} A`, 'NOERROR', `${db} A 10.244.0.7`, `${db} A 10.244.1.8`, `${db} A 10.244.1.9`],
  [`${db} AAAA`, 'NOERROR', `${db} AAAA fd00:1::7`],
  [`db-0.${db} A`, 'NOERROR', `db-0.${db} A 10.244.0.7`],
  [`db-0.${db} AAAA`, 'NOERROR', `db-0.${db} AAAA fd00:1::7`],
  [`db-1.${db} AAAA`, ...noData],
  [`db-2.${db} A`, ...noName],
  [`10-244-1-9.${db} A`, 'NOERROR', `10-244-1-9.${db} A 10.244.1.9`],
  [
    `_sql._tcp.${db} SRV`,
    'NOERROR',
    `_sql._tcp.${db} SRV 0 33 5432 db-0.${db}`,
    `_sql._tcp.${db} SRV 0 33 5432 db-1.${db}`,
    `_sql._tcp.${db} SRV 0 33 5432 10-244-1-9.${db}`,
    `additional db-0.${db} A 10.244.0.7`,
    `additional db-1.${db} A 10.244.1.8`,
    `additional 10-244-1-9.${db} A 10.244.1.9`,
  ],
  [`early.default.svc.cluster.local A`, 'NOERROR', 'early.default.svc.cluster.local A 10.244.2.1'],
  [`empty.default.svc.cluster.local A`, ...noName],

  [
    'outside.default.svc.cluster.local A',
    'NOERROR',
    'outside.default.svc.cluster.local CNAME www.example.com',
    'continues at www.example.com',
  ],
  ['outside.default.svc.cluster.local CNAME', 'NOERROR', 'outside.default.svc.cluster.local CNAME www.example.com'],
  ['x.outside.default.svc.cluster.local A', ...noName],
  [
    'inside.default.svc.cluster.local A',
    'NOERROR',
    `inside.default.svc.cluster.local CNAME ${web}`,
    `${web} A 10.96.0.1`,
  ],
  [
    'inside.default.svc.cluster.local TXT',
    'NOERROR',
    `inside.default.svc.cluster.local CNAME ${web}`,
    `authority ${soa}`,
  ],
  [
    'lost.default.svc.cluster.local A',
    'NXDOMAIN',
    'lost.default.svc.cluster.local CNAME nobody.default.svc.cluster.local',
    `authority ${soa}`,
  ],
  [
    'circle.default.svc.cluster.local A',
    'SERVFAIL',
    ...Array<string>(9).fill('circle.default.svc.cluster.local CNAME circle.default.svc.cluster.local'),
  ],

  ['10-244-0-5.default.pod.cluster.local A', 'NOERROR', '10-244-0-5.default.pod.cluster.local A 10.244.0.5'],
  ['fd00-1--7.default.pod.cluster.local AAAA', 'NOERROR', 'fd00-1--7.default.pod.cluster.local AAAA fd00:1::7'],
  ['10-244-0-5.default.pod.cluster.local AAAA', ...noData],
  ['10-244-0-999.default.pod.cluster.local A', ...noName],
  ['a.10-244-0-5.default.pod.cluster.local A', ...noName],
  ['default.pod.cluster.local A', ...noData],
  ['pod.cluster.local A', ...noData],
  ['svc.cluster.local A', ...noData],
  ['default.svc.cluster.local A', ...noData],
  ['nowhere.svc.cluster.local A', ...noName],

  ['dns-version.cluster.local TXT', 'NOERROR', 'dns-version.cluster.local TXT "1.1.0"'],
  ['dns-version.cluster.local A', ...noData],
  ['cluster.local SOA', 'NOERROR', soa],
  ['cluster.local NS', 'NOERROR', 'cluster.local NS ns.dns.cluster.local'],
  ['cluster.local A', ...noData],
  ['ns.dns.cluster.local A', 'NOERROR', 'ns.dns.cluster.local A 10.96.0.10'],
  ['dns.cluster.local A', ...noData],
  ['other.cluster.local A', ...noName],

  ['1.0.96.10.in-addr.arpa PTR', 'NOERROR', `1.0.96.10.in-addr.arpa PTR ${web}`],
  ['7.0.244.10.in-addr.arpa PTR', 'NOERROR', `7.0.244.10.in-addr.arpa PTR db-0.${db}`],
  ['9.1.244.10.in-addr.arpa PTR', 'NOERROR', `9.1.244.10.in-addr.arpa PTR 10-244-1-9.${db}`],
  [`1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa PTR`, 'NOERROR', `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa PTR ${web}`],
  ['1.0.96.10.in-addr.arpa A', ...noData],
  ['10.1.244.10.in-addr.arpa PTR', 'elsewhere'],
  ['8.8.8.8.in-addr.arpa PTR', 'elsewhere'],
  ['8.8.8.in-addr.arpa PTR', 'elsewhere'],
  ['www.example.com A', 'elsewhere'],
  ['notcluster.local A', 'elsewhere'],
  ['local A', 'elsewhere'],
  [' A', 'elsewhere'],
]

function ask(zone: ServiceZone, question: string): string[] {
  const [name = '', type = ''] = question.split(' ')
  const number = recordTypes[type as keyof typeof recordTypes]
  const found = answer({ name, type: number, class: internetClass }, zone)
  if (found.kind === 'elsewhere') return ['elsewhere']
  const [code = ''] = Object.entries(responseCodes).find(([, value]) => value === found.code) ?? []
  return [
    code,
    ...found.answers.map(print),
    ...found.authorities.map(record => `authority ${print(record)}`),
    ...found.additionals.map(record => `additional ${print(record)}`),
    ...(found.continuesAt === undefined ? [] : [`continues at ${found.continuesAt}`]),
  ]
}

describe('answers from the zone', () => {
  const zone = exampleZone()
  for (const [question, ...expected] of cases) it(question, () => assert.deepEqual(ask(zone, question), expected))

  it('give everything there is of a name', () => {
    assert.deepEqual(ask(zone, `10-244-0-5.${web} ANY`), [
      'NOERROR',
      `10-244-0-5.${web} A 10.244.0.5`,
      `10-244-0-5.${web} SRV 0 100 8080 10-244-0-5.${web}`,
    ])
  })

  it('follow services and slices that come, change and go', () => {
    const changing = exampleZone()
    const before = changing.serial
    changing.putSlice(slice('empty', [{ addresses: ['10.244.3.1'] }]))
    assert.deepEqual(ask(changing, 'empty.default.svc.cluster.local A').slice(1), [
      'empty.default.svc.cluster.local A 10.244.3.1',
    ])
    changing.putSlice(slice('empty', [{ addresses: ['10.244.3.2'] }]))
    assert.deepEqual(ask(changing, '1.3.244.10.in-addr.arpa PTR'), ['elsewhere'])
    assert.deepEqual(ask(changing, '2.3.244.10.in-addr.arpa PTR').length, 2)
    changing.removeSlice(slice('empty', []))
    assert.deepEqual(ask(changing, 'empty.default.svc.cluster.local A')[0], 'NXDOMAIN')
    changing.removeService(service('web', {}))
    assert.deepEqual(ask(changing, `${web} A`)[0], 'NXDOMAIN')
    assert.deepEqual(ask(changing, '1.0.96.10.in-addr.arpa PTR'), ['elsewhere'])
    for (const name of ['db', 'early', 'empty', 'outside', 'inside', 'lost', 'circle'])
      changing.removeService(service(name, {}))
    assert.deepEqual(ask(changing, 'default.svc.cluster.local A')[0], 'NXDOMAIN')
    assert.ok(changing.serial > before)
  })

  it('answer slices that come before their service', () => {
    const early = new ServiceZone('cluster.local')
    early.putSlice(slice('web', [{ addresses: ['10.244.0.5'] }]))
    assert.deepEqual(ask(early, `${web} A`)[0], 'NXDOMAIN')
    early.putService(service('web', { clusterIP: 'None' }))
    assert.deepEqual(ask(early, `${web} A`).slice(1), [`${web} A 10.244.0.5`])
  })
})

it('reverseAddress reads names of addresses alone', () => {
  assert.equal(reverseAddress('5.0.244.10.in-addr.arpa'), '10.244.0.5')
  for (const name of [
    '256.0.0.1.in-addr.arpa',
    '1.2.3.in-addr.arpa',
    'in-addr.arpa',
    '1.2.ip6.arpa',
    'x.1.2.3.4.in-addr.arpa',
  ])
    assert.equal(reverseAddress(name), undefined, name)
})
