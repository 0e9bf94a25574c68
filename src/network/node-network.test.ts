import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type CniOptions, chooseCniType, cniConfig, hostPortRemoval, outgoingMtu, prepareHost } from './node-network.js'
import { ProgramError, type RunProgram } from './run-program.js'

const options: CniOptions = {
  name: 'net',
  type: 'bridge',
  podCidr: '10.244.0.0/24',
  bridge: 't8s0',
  ipamDir: '/var/lib/ipam',
  mtu: 1400,
}
const ipam = {
  type: 'host-local',
  dataDir: '/var/lib/ipam',
  ranges: [[{ subnet: '10.244.0.0/24' }]],
  routes: [{ dst: '0.0.0.0/0' }],
}
const portmap = { type: 'portmap', capabilities: { portMappings: true }, snat: true }

describe('cniConfig', () => {
  it('of pods on a bridge', () => {
    assert.deepEqual(JSON.parse(cniConfig(options)), {
      cniVersion: '1.0.0',
      name: 'net',
      plugins: [
        { type: 'bridge', bridge: 't8s0', isGateway: true, hairpinMode: true, ipMasq: false, mtu: 1400, ipam },
        portmap,
      ],
    })
  })

  it('of pods with a link each', () => {
    const { mtu: _, ...others } = options
    assert.deepEqual(JSON.parse(cniConfig({ ...others, type: 'ptp' })).plugins, [
      { type: 'ptp', ipMasq: false, ipam },
      portmap,
    ])
  })

  it('of IPv6', () => {
    const { plugins } = JSON.parse(cniConfig({ ...options, podCidr: 'fd00:1::/64' }))
    assert.deepEqual(plugins[0].ipam.routes, [{ dst: '::/0' }])
  })

  it('refuses what the plugins would choke on', () => {
    assert.throws(() => cniConfig({ ...options, podCidr: '10.244.0.0' }), /10\.244\.0\.0 is no network/)
    assert.throws(() => cniConfig({ ...options, bridge: 'a-name-too-long-0' }), /cannot be the name of a link/)
  })
})

describe('the host', () => {
  let settings: string
  const setting = (name: string) => join(settings, name)
  const put = async (name: string, value: string) => {
    await mkdir(dirname(setting(name)), { recursive: true })
    await writeFile(setting(name), value)
  }
  before(async () => {
    settings = await mkdtemp(join(tmpdir(), 'settings-'))
  })
  after(() => rm(settings, { recursive: true }))
  const filter = 'net/bridge/bridge-nf-call-iptables'
  const nothing: RunProgram = async argv => {
    throw new ProgramError(argv, null, 'not found')
  }

  it('without bridge netfilter has pods with a link each', async () => {
    assert.equal(await chooseCniType({ run: nothing, settings }), 'ptp')
  })

  it('loads bridge netfilter and switches it on', async () => {
    const run: RunProgram = async argv => {
      assert.deepEqual(argv, ['modprobe', 'br_netfilter'])
      await put(filter, '0\n')
      return ''
    }
    assert.equal(await chooseCniType({ run, settings }), 'bridge')
    assert.equal(await readFile(setting(filter), 'utf8'), '1')
    assert.equal(await chooseCniType({ run: nothing, settings }), 'bridge')
  })

  it('forwards packets', async () => {
    await put('net/ipv4/ip_forward', '0\n')
    await put(filter, '0\n')
    await prepareHost('bridge', { settings })
    for (const name of ['net/ipv4/ip_forward', filter]) assert.equal(await readFile(setting(name), 'utf8'), '1')
    await assert.rejects(prepareHost('ptp', { settings, family: 6 }), /ENOENT/)
  })

  it('finds the MTU on the way out', async () => {
    const answers = new Map([
      ['ip -j -4 route show default', '[ ]'],
      ['ip -j -6 route show default', '[{"dst":"default","dev":"eth0"}]'],
      ['ip -j link show dev eth0', '[{"ifname":"eth0","mtu":1400}]'],
    ])
    const run: RunProgram = async argv => answers.get(argv.join(' ')) ?? assert.fail(argv.join(' '))
    assert.equal(await outgoingMtu({ run }), 1400)
    assert.equal(await outgoingMtu({ run: async () => '' }), undefined)
  })
})

describe('hostPortRemoval', () => {
  const saved = [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':CNI-HOSTPORT-DNAT - [0:0]',
    ':CNI-HOSTPORT-MASQ - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
    '-A POSTROUTING -j DOCKER',
    '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
    'COMMIT',
  ]
  it('removes jumps to the chains, and the chains', () => {
    assert.deepEqual(hostPortRemoval(saved.join('\n'))?.split('\n'), [
      '*nat',
      '-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
      '-D POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
      '-F CNI-HOSTPORT-DNAT',
      '-F CNI-HOSTPORT-MASQ',
      '-X CNI-HOSTPORT-DNAT',
      '-X CNI-HOSTPORT-MASQ',
      'COMMIT',
      '',
    ])
  })
  it('leaves chains in use, and tables without them', () => {
    assert.equal(hostPortRemoval([...saved, '-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-0123'].join('\n')), undefined)
    assert.equal(hostPortRemoval('*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n'), undefined)
  })
})
