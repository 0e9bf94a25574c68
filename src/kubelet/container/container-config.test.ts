import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, Pod, PodSecurityContext, SecurityContext } from '../../api/core/v1/index.js'
import { regularContainers } from '../pod-containers.js'
import { ProfileType } from '../runtime/cri-messages.js'
import { container, pod } from '../test-pods.js'
import { containerConfig } from './container-config.js'
import { parseResolvConf, podDns } from './dns.js'
import { podHostname } from './hostname.js'
import { hostsFile } from './hosts-file.js'
import { containerResources, podResources } from './linux-resources.js'
import { sandboxConfig, sysctlName } from './sandbox-config.js'
import { containerSecurity, type ImageUser } from './security.js'

const gib = 2 ** 30

describe('container config', () => {
  it('is the whole container', () => {
    const subject = pod({
      containers: [
        container('a', {
          image: 'web:1',
          command: ['sh', '-c'],
          args: ['echo $(X) $$(X)'],
          workingDir: '/w',
          tty: true,
          lifecycle: { stopSignal: 'SIGRTMIN+1' },
          terminationMessagePath: '/dev/termination-log',
        }),
      ],
    })
    const [first] = regularContainers(subject)
    assert.ok(first)
    const config = containerConfig(subject, first, {
      restartCount: 3,
      imageRef: 'sha256:1',
      image: {},
      environment: new Map([['X', 'y']]),
      mounts: [],
      memoryCapacity: 4 * gib,
      seccompRoot: '/profiles',
    })
    assert.deepEqual(config.args, ['echo y $(X)'])
    assert.equal(config.logPath, 'a/3.log')
    assert.equal(config.image?.image, 'sha256:1')
    assert.equal(config.labels?.['io.kubernetes.pod.uid'], 'u1')
    assert.equal(config.annotations?.['io.kubernetes.container.restartCount'], '3')
    assert.equal(config.stopSignal, 36)
  })
})

describe('resources', () => {
  const requests = (cpu: string, memory: string) => ({ requests: { cpu, memory } })
  const table: readonly (readonly [Container['resources'], object])[] = [
    [{}, { cpuShares: 2, oomScoreAdj: 1000 }],
    [requests('100m', '1Gi'), { cpuShares: 102, oomScoreAdj: 750 }],
    [requests('1', '4Gi'), { cpuShares: 1024, oomScoreAdj: 3 }],
    [requests('0', '1'), { cpuShares: 2, oomScoreAdj: 999 }],
    [
      { limits: { cpu: '500m', memory: '64Mi' } },
      { cpuShares: 512, cpuQuota: 50_000, memoryLimitInBytes: 64 * 2 ** 20, oomScoreAdj: -997 },
    ],
    [{ limits: { cpu: '1m' } }, { cpuShares: 2, cpuQuota: 1000, oomScoreAdj: 999 }],
    [
      { limits: { 'hugepages-2Mi': '4Mi' }, requests: { cpu: '1' } },
      { cpuShares: 1024, hugepageLimits: [{ pageSize: '2MB', limit: 4 * 2 ** 20 }], oomScoreAdj: 1000 - 1 },
    ],
  ]
  for (const [resources, want] of table)
    it(JSON.stringify(resources), () => {
      const subject = container('a', { resources })
      const { cpuPeriod, ...got } = containerResources(pod({ containers: [subject] }), subject, 4 * gib)
      assert.equal(cpuPeriod, 100_000)
      assert.deepEqual(got, want)
    })

  it('of a pod add up, init containers one at a time, unlimited if one is', () => {
    const sized = (name: string, cpu: string, memory?: string, rest: Partial<Container> = {}) =>
      container(name, { resources: { requests: { cpu }, limits: { cpu, ...(memory ? { memory } : {}) } }, ...rest })
    const both = pod({ containers: [sized('a', '1', '1Gi'), sized('b', '500m', '1Gi')] })
    const of = (subject: Pod) => podResources(subject, ({ resources = {} }) => resources)
    assert.deepEqual(of(both), { cpuShares: 1536, cpuQuota: 150_000, memoryLimitInBytes: 2 * gib })
    const init = pod({
      initContainers: [sized('s', '1', '1Gi', { restartPolicy: 'Always' }), sized('i', '2', '4Gi')],
      containers: [sized('a', '1', '1Gi')],
      overhead: { memory: '1Gi' },
    })
    assert.deepEqual(of(init), { cpuShares: 3072, cpuQuota: 300_000, memoryLimitInBytes: 6 * gib })
    assert.equal(of(pod({ containers: [sized('a', '1', '1Gi'), sized('b', '1')] })).memoryLimitInBytes, 0)
  })
})

describe('security', () => {
  const security = (own: SecurityContext, whole: PodSecurityContext = {}, image: ImageUser = {}) => {
    const subject = pod({ containers: [container('a', { securityContext: own })], securityContext: whole })
    const [first] = regularContainers(subject)
    assert.ok(first)
    return containerSecurity(subject, first, image, { seccompRoot: '/p' })
  }

  it("prefers the container's word to the pod's, and both to the image's", () => {
    const image = { uid: { value: 3 } }
    assert.deepEqual(security({ runAsUser: 0 }, { runAsUser: 2 }, image).runAsUser, { value: 0 })
    assert.deepEqual(security({}, { runAsUser: 2 }, image).runAsUser, { value: 2 })
    assert.deepEqual(security({}, {}, image).runAsUser, { value: 3 })
    assert.equal(security({}, {}, { username: 'nginx' }).runAsUsername, 'nginx')
  })
  it('adds the fsGroup to the supplemental groups', () =>
    assert.deepEqual(security({}, { fsGroup: 7, supplementalGroups: [1] }).supplementalGroups, [1, 7]))
  it('hides parts of /proc', () => {
    assert.ok(security({}).maskedPaths?.includes('/proc/kcore'))
    assert.equal(security({ procMount: 'Unmasked' }).maskedPaths, undefined)
  })
  it('chooses profiles', () => {
    assert.equal(security({}).seccomp?.profileType, ProfileType.unconfined)
    assert.deepEqual(security({ seccompProfile: { type: 'Localhost', localhostProfile: 'x.json' } }).seccomp, {
      profileType: ProfileType.localhost,
      localhostRef: '/p/x.json',
    })
    assert.equal(security({}, { seccompProfile: { type: 'RuntimeDefault' } }).seccomp?.profileType, 0)
  })
  it('forbids new privileges', () => assert.equal(security({ allowPrivilegeEscalation: false }).noNewPrivs, true))

  const where = '(pod: "web_default(u1)", container: a)'
  const refused: readonly (readonly [SecurityContext, ImageUser, string])[] = [
    [{ runAsUser: 0 }, {}, `container's runAsUser breaks non-root policy ${where}`],
    [{}, {}, `container has runAsNonRoot and image will run as root ${where}`],
    [{}, { uid: { value: 0 } }, `container has runAsNonRoot and image will run as root ${where}`],
    [
      {},
      { username: 'nginx' },
      `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root ${where}`,
    ],
  ]
  for (const [own, image, message] of refused)
    it(message, () => assert.throws(() => security(own, { runAsNonRoot: true }, image), { message }))
  it('lets others pass', () => {
    assert.ok(security({ runAsUser: 5 }, { runAsNonRoot: true }))
    assert.ok(security({}, { runAsNonRoot: true }, { uid: { value: 5 } }))
  })
})

describe('name service', () => {
  const host = parseResolvConf('# x\nnameserver 9.9.9.9\nsearch old\nsearch corp.example\noptions timeout:2 rotate\n')
  const options = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', host }
  const cluster = {
    servers: ['10.96.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
    options: ['ndots:5'],
  }
  const own = { servers: ['9.9.9.9'], searches: ['corp.example'], options: ['timeout:2', 'rotate'] }
  const dnsConfig = {
    nameservers: ['1.1.1.1'],
    searches: ['x'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  }
  const table: readonly (readonly [string, Parameters<typeof pod>[0], object])[] = [
    ['cluster first', {}, cluster],
    ['on the host network', { hostNetwork: true }, own],
    ['cluster first on the host network', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, cluster],
    ['default', { dnsPolicy: 'Default' }, own],
    [
      'none',
      { dnsPolicy: 'None', dnsConfig },
      { servers: ['1.1.1.1'], searches: ['x'], options: ['ndots:2', 'edns0'] },
    ],
    [
      'both',
      { dnsConfig },
      { servers: ['10.96.0.10', '1.1.1.1'], searches: [...cluster.searches, 'x'], options: ['ndots:2', 'edns0'] },
    ],
  ]
  for (const [title, spec, want] of table) it(title, () => assert.deepEqual(podDns(pod(spec), options), want))
  it('falls back to the node without a cluster DNS', () =>
    assert.deepEqual(podDns(pod(), { ...options, clusterDns: [] }), own))
})

describe('host names', () => {
  const named = (spec: Parameters<typeof pod>[0], meta = {}) => podHostname(pod(spec, meta), 'cluster.local')
  it('are the pod name', () => assert.deepEqual(named({}), { hostname: 'web' }))
  it('are cut to what the kernel takes', () =>
    assert.equal(named({}, { name: `${'a'.repeat(62)}-b` }).hostname, 'a'.repeat(62)))
  it('have a domain', () =>
    assert.deepEqual(named({ hostname: 'h', subdomain: 'sub' }), {
      hostname: 'h',
      fqdn: 'h.sub.default.svc.cluster.local',
    }))
  it('may be the whole name', () =>
    assert.equal(named({ subdomain: 'sub', setHostnameAsFQDN: true }).hostname, 'web.sub.default.svc.cluster.local'))
  it('which may be too long', () =>
    assert.throws(() => named({ subdomain: 's'.repeat(60), setHostnameAsFQDN: true }), /is too long/))

  it('stand in the hosts file', () => {
    const subject = pod({ subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['x', 'y'] }] })
    const text = hostsFile(subject, podHostname(subject, 'cluster.local'), ['10.0.0.5'], '')
    assert.match(text, /^# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n/)
    assert.match(
      text,
      /\n10.0.0.5\tweb.sub.default.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n1.2.3.4\tx\ty\n$/,
    )
    assert.equal(
      hostsFile(pod({ hostNetwork: true }), { hostname: 'n' }, [], '127.0.0.1 me\n'),
      '# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n',
    )
  })
})

describe('sandbox config', () => {
  it('is the whole sandbox', () => {
    const subject = pod(
      {
        containers: [container('a', { ports: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }] })],
        securityContext: { sysctls: [{ name: 'net/ipv4/ip_unprivileged_port_start', value: '0' }] },
      },
      { labels: { app: 'web' } },
    )
    const config = sandboxConfig(subject, {
      attempt: 2,
      cgroupParent: '/kubepods/podu1',
      logDirectory: '/var/log/pods/x',
      dns: {},
      hostname: { hostname: 'web' },
    })
    assert.deepEqual(config.metadata, { name: 'web', namespace: 'default', uid: 'u1', attempt: 2 })
    assert.deepEqual(config.portMappings, [{ containerPort: 80, hostPort: 8080, protocol: 0 }])
    assert.deepEqual(config.linux?.sysctls, { 'net.ipv4.ip_unprivileged_port_start': '0' })
    assert.equal(config.labels?.app, 'web')
  })
  it('reads both spellings of a sysctl', () => {
    assert.equal(sysctlName('net/ipv4/conf/eth0.1/x'), 'net.ipv4.conf.eth0/1.x')
    assert.equal(sysctlName('kernel.shm_rmid_forced'), 'kernel.shm_rmid_forced')
  })
})
