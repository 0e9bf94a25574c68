import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Answer, decode, encode } from 'dns-packet'
import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { type Dns, startDns } from './dns.js'
import { queryDns } from './query.js'
import { type DnsListener, listenDns } from './server.js'

const web = 'web.default.svc.cluster.local'
const loopback = '127.0.0.1'

describe('cluster DNS', () => {
  let cluster: ControlPlane
  let outside: DnsListener
  let dns: Dns
  let folder: string
  const errors: unknown[] = []
  const asked: string[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dns-'))
    cluster = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
    outside = await listenDns({
      address: loopback,
      port: 0,
      onError: error => errors.push(error),
      async handler(message) {
        const { id, questions } = decode(message)
        const [question] = questions ?? []
        asked.push(question?.name ?? '')
        const name = question?.name ?? ''
        const count = name.startsWith('many') ? 100 : 1
        const answers: Answer[] = Array.from({ length: count }, (_, at) => ({
          type: 'A',
          name,
          ttl: 60,
          data: `192.0.2.${at}`,
        }))
        return encode({
          type: 'response',
          questions: question ? [question] : [],
          answers,
          ...(id === undefined ? {} : { id }),
        })
      },
    })
    await writeFile(join(folder, 'resolv.conf'), `nameserver ${loopback}\n`)
    dns = await startDns({
      client: cluster.client,
      address: loopback,
      port: 0,
      clusterDomain: 'cluster.local',
      resolvConf: join(folder, 'resolv.conf'),
      upstreamPort: outside.port,
      onError: error => errors.push(error),
    })
    await dns.ready
    await cluster.client.create(Service, {
      metadata: { namespace: 'default', name: 'web' },
      spec: { clusterIP: '10.96.0.77', ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    })
    await cluster.client.create(Service, {
      metadata: { namespace: 'default', name: 'db' },
      spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, targetPort: 5432 }] },
    })
    await cluster.client.create(Service, {
      metadata: { namespace: 'default', name: 'outside' },
      spec: { type: 'ExternalName', externalName: 'www.example.com' },
    })
    await cluster.client.create(EndpointSlice, {
      metadata: { namespace: 'default', name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
      addressType: 'IPv4',
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      endpoints: Array.from({ length: 60 }, (_, at) => ({
        addresses: [`10.244.0.${at + 1}`],
        hostname: `db-${at}`,
        conditions: { ready: true },
      })),
    })
    await until(async () => (await resolve('db.default.svc.cluster.local')).length > 0)
  })

  after(async () => {
    await dns?.[Symbol.asyncDispose]()
    await outside?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
    assert.deepEqual(errors, [])
  })

  const resolve = (name: string) => queryDns({ address: loopback, port: dns.port, name, timeoutMs: 60_000 })

  /** What dig prints, line by line. */
  async function dig(...words: string[]): Promise<string[]> {
    const child = spawn('dig', [`@${loopback}`, '-p', String(dns.port), '+tries=1', '+time=60', ...words])
    let heard = ''
    child.stdout.on('data', chunk => (heard += chunk))
    const [code] = await once(child, 'close')
    assert.equal(code, 0, heard)
    return heard.split('\n').filter(line => line)
  }

  it('answers for services that come and go', async () => {
    assert.deepEqual(await resolve(web), ['10.96.0.77'])
    assert.deepEqual(await resolve('kubernetes.default.svc.cluster.local'), ['10.96.0.1'])
    const metadata = { namespace: 'default', name: 'brief' }
    await cluster.client.create(Service, { metadata, spec: { clusterIP: '10.96.0.78', ports: [{ port: 80 }] } })
    await until(async () => (await resolve('brief.default.svc.cluster.local'))[0] === '10.96.0.78')
    await cluster.client.delete(Service, metadata)
    await until(async () => (await resolve('brief.default.svc.cluster.local')).length === 0)
  })

  it('is understood by dig', async () => {
    assert.deepEqual(await dig('+short', web), ['10.96.0.77'])
    assert.deepEqual(await dig('+short', '-x', '10.96.0.77'), [`${web}.`])
    assert.deepEqual(await dig('+short', `_http._tcp.${web}`, 'SRV'), [`0 100 80 ${web}.`])
    assert.deepEqual(await dig('+short', 'dns-version.cluster.local', 'TXT'), ['"1.1.0"'])
    assert.deepEqual(await dig('+short', '+tcp', '+keepopen', web, 'db-3.db.default.svc.cluster.local'), [
      '10.96.0.77',
      '10.244.0.4',
    ])
    const absent = await dig('nobody.default.svc.cluster.local')
    assert.ok(absent.some(line => line.includes('status: NXDOMAIN') && line.includes('HEADER')))
    assert.ok(absent.some(line => line.includes('flags: qr aa rd ra;')))
    assert.ok(absent.some(line => /^cluster\.local\.\s+5\s+IN\s+SOA\s/.test(line)))
    assert.ok((await dig('+edns=7', '+noednsneg', web)).some(line => line.includes('status: BADVERS')))
    assert.ok((await dig('+noedns', 'version.bind', 'CH', 'TXT')).some(line => line.includes('status: REFUSED')))
    assert.ok((await dig('+opcode=update', web)).some(line => line.includes('status: NOTIMP')))
  })

  it('gives a long answer by TCP', async () => {
    const plain = await dig('+noedns', '+ignore', 'db.default.svc.cluster.local')
    assert.ok(plain.some(line => line.includes('flags: qr aa tc rd ra;')))
    assert.equal((await dig('+noedns', '+short', 'db.default.svc.cluster.local')).length, 60)
    assert.equal((await dig('+noedns', '+short', 'many.example.com')).length, 100)
    assert.equal(new Set(await resolve('db.default.svc.cluster.local')).size, 60)
  })

  it('asks others for the rest, once', async () => {
    asked.length = 0
    assert.deepEqual(await resolve('www.example.com'), ['192.0.2.0'])
    assert.deepEqual(await dig('+short', '+noedns', 'WWW.example.com'), ['192.0.2.0'])
    assert.deepEqual(asked, ['www.example.com'])
    assert.ok((await dig('+noedns', 'wWw.eXample.com')).some(line => line.startsWith(';wWw.eXample.com.')))
    const both = await dig('outside.default.svc.cluster.local', '+noall', '+answer')
    assert.deepEqual(
      both.map(line => line.split(/\s+/).toSpliced(1, 1).join(' ')),
      ['outside.default.svc.cluster.local. IN CNAME www.example.com.', 'www.example.com. IN A 192.0.2.0'],
    )
    assert.ok(dns.stats.cacheHits > 0)
  })

  it('survives whatever it is sent', async () => {
    const socket = createSocket('udp4')
    const good = encode({ type: 'query', id: 1, questions: [{ name: web, type: 'A' }] })
    const send = (message: Buffer) => new Promise(done => socket.send(message, dns.port, loopback, done))
    for (let end = 0; end < good.length; end++) await send(good.subarray(0, end))
    for (let at = 0; at < good.length; at++)
      await send(Buffer.concat([good.subarray(0, at), Buffer.of(255), good.subarray(at + 1)]))
    for (let round = 0; round < 200; round++)
      await send(Buffer.from(Array.from({ length: round }, (_, at) => (round * 31 + at * 17) & 255)))
    socket.close()
    for (const bytes of [Buffer.of(0, 0), Buffer.of(255, 255, 1, 2, 3), Buffer.of(0, 5, 1, 2, 3, 4, 5)]) {
      const tcp = connect(dns.port, loopback)
      tcp.on('error', () => {})
      tcp.end(bytes)
      tcp.resume()
      await once(tcp, 'close')
    }
    assert.deepEqual(await resolve(web), ['10.96.0.77'])
  })

  it('answers clients that have already closed their side', async () => {
    const tcp = connect(dns.port, loopback)
    const message = encode({ type: 'query', id: 9, questions: [{ name: 'late.example.com', type: 'A' }] })
    tcp.end(Buffer.concat([Buffer.of(0, message.length), message]))
    const heard: Buffer[] = []
    for await (const chunk of tcp) heard.push(chunk)
    assert.equal(decode(Buffer.concat(heard).subarray(2)).answers?.length, 1)
  })

  it('answers many questions of one connection in whatever pieces they come', async () => {
    const tcp = connect(dns.port, loopback)
    const message = encode({ type: 'query', id: 1, questions: [{ name: web, type: 'A' }] })
    const frame = Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message])
    const all = Buffer.concat(Array.from({ length: 100 }, () => frame))
    for (let at = 0; at < all.length; at += 777) tcp.write(all.subarray(at, at + 777))
    let heard = Buffer.alloc(0)
    let count = 0
    await new Promise<void>(done =>
      tcp.on('data', chunk => {
        heard = Buffer.concat([heard, chunk])
        while (heard.length >= 2 && heard.length >= heard.readUInt16BE(0) + 2) {
          heard = heard.subarray(heard.readUInt16BE(0) + 2)
          if (++count === 100) done()
        }
      }),
    )
    tcp.destroy()
  })

  it('says nothing of the cluster before it knows it, and rejects a port that is taken', async () => {
    const options = {
      client: { ...cluster.client, watch: neverWatch, list: never } as unknown as ControlPlane['client'],
      address: loopback,
      port: 0,
      clusterDomain: 'cluster.local',
      resolvConf: join(folder, 'resolv.conf'),
      upstreamPort: outside.port,
      onError: () => {},
    }
    const blind = await startDns(options)
    const ready = assert.rejects(blind.ready, /was stopped/)
    try {
      const [status] = await dig('-p', String(blind.port), web, '+noall', '+comments').then(lines =>
        lines.filter(line => line.includes('status')),
      )
      assert.match(status ?? '', /SERVFAIL/)
      assert.deepEqual(
        await queryDns({ address: loopback, port: blind.port, name: 'www.example.com', timeoutMs: 60_000 }),
        ['192.0.2.0'],
      )
    } finally {
      await blind[Symbol.asyncDispose]()
    }
    await ready
    await assert.rejects(startDns({ ...options, port: dns.port }), /EADDRINUSE/)
  })
})

/** A server that is not there. */
function never(): never {
  throw new Error('no server')
}

// biome-ignore lint/correctness/useYield: it never comes that far
async function* neverWatch(): AsyncGenerator<never> {
  never()
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await done())) assert.ok(Date.now() < end, 'did not happen within a minute')
}
