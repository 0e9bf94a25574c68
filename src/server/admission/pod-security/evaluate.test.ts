import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodSpec } from '../../../api/core/v1/index.js'
import { evaluatePod, type Level, violationText } from './evaluate.js'
import { namespacePolicy } from './namespace-policy.js'

const hardened = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}
const latest = Number.POSITIVE_INFINITY

function verdict(spec: object, level: Level, minor = latest, annotations = {}): string {
  const pod = {
    annotations,
    spec: { containers: [{ name: 'c', securityContext: hardened }], ...spec } as unknown as PodSpec,
  }
  return violationText(evaluatePod({ level, minor }, pod))
}

const c = (securityContext: object, name = 'c') => ({ name, securityContext: { ...hardened, ...securityContext } })
const containers = (securityContext: object) => ({ containers: [c(securityContext)] })

describe('pod security standards', () => {
  const baseline: readonly [string, object, string][] = [
    ['nothing', {}, ''],
    [
      'privileged',
      containers({ privileged: true }),
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    ['host namespaces', { hostPID: true, hostIPC: true }, 'host namespaces (hostPID=true, hostIPC=true)'],
    [
      'host paths',
      {
        volumes: [
          { name: 'a', hostPath: {} },
          { name: 'b', hostPath: {} },
        ],
      },
      'hostPath volumes (volumes "a", "b")',
    ],
    [
      'host ports',
      {
        containers: [
          { name: 'a', ports: [{ hostPort: 80 }, { hostPort: 8 }] },
          { name: 'b', ports: [{ hostPort: 80 }] },
        ],
      },
      'hostPort (containers "a", "b" use hostPorts 8, 80)',
    ],
    [
      'capabilities',
      containers({ capabilities: { add: ['CHOWN', 'SYS_TIME', 'BPF'] } }),
      'non-default capabilities (container "c" must not include "BPF", "SYS_TIME" in securityContext.capabilities.add)',
    ],
    [
      'proc',
      containers({ procMount: 'Unmasked' }),
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seccomp of pod and container',
      {
        securityContext: { seccompProfile: { type: 'Unconfined' } },
        ...containers({ seccompProfile: { type: 'Unconfined' } }),
      },
      'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'SELinux',
      containers({ seLinuxOptions: { type: 'spc_t', user: 'u' } }),
      'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'kernel.sem' }, { name: 'net.ipv4.tcp_rmem' }] } },
      'forbidden sysctls (kernel.sem)',
    ],
    [
      'hosts of probes',
      {
        containers: [
          {
            name: 'c',
            livenessProbe: { httpGet: { host: '8.8.8.8' } },
            readinessProbe: { tcpSocket: { host: '127.0.0.1' } },
          },
        ],
      },
      'probe or lifecycle host (container "c" uses probe or lifecycle host "8.8.8.8")',
    ],
    [
      'host processes',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'AppArmor',
      containers({ appArmorProfile: { type: 'Unconfined' } }),
      'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
    ],
  ]
  for (const [name, spec, expected] of baseline)
    it(`baseline: ${name}`, () => assert.equal(verdict(spec, 'baseline'), expected))

  const restricted: readonly [string, object, string][] = [
    ['hardened', {}, ''],
    [
      'escalation',
      containers({ allowPrivilegeEscalation: undefined }),
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
    ],
    ['one capability may be added', containers({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }), ''],
    [
      'capabilities are judged once',
      containers({ capabilities: { add: ['BPF'] } }),
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "BPF" in securityContext.capabilities.add)',
    ],
    [
      'volumes',
      {
        volumes: [
          { name: 'a', nfs: {} },
          { name: 'b', hostPath: {} },
          { name: 'd', emptyDir: {} },
        ],
      },
      'restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs")',
    ],
    ['root', containers({ runAsUser: 0 }), 'runAsUser=0 (container "c" must not set runAsUser=0)'],
    [
      'what the pod sets holds for its containers',
      {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } },
        ...containers({ runAsNonRoot: undefined, seccompProfile: undefined }),
      },
      '',
    ],
    [
      'a container that sets it back',
      { securityContext: { runAsNonRoot: true }, ...containers({ runAsNonRoot: false }) },
      'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'Windows has none of it',
      { os: { name: 'windows' }, containers: [{ name: 'c', securityContext: { runAsNonRoot: true } }] },
      '',
    ],
  ]
  for (const [name, spec, expected] of restricted)
    it(`restricted: ${name}`, () => assert.equal(verdict(spec, 'restricted'), expected))

  it('goes by the version', () => {
    const sysctls = { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem' }] } }
    assert.equal(verdict(sysctls, 'baseline', 31), 'forbidden sysctls (net.ipv4.tcp_rmem)')
    assert.equal(verdict(containers({ runAsUser: 0 }), 'restricted', 22), '')
    assert.equal(verdict(containers({ privileged: true }), 'privileged'), '')
  })
})

describe('the policy of a namespace', () => {
  it('allows everything unless it says otherwise', () =>
    assert.deepEqual(namespacePolicy().policy.enforce, { level: 'privileged', minor: latest }))
  it('is read from labels', () => {
    const { policy, errors } = namespacePolicy({
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/enforce-version': 'v1.30',
      'pod-security.kubernetes.io/warn': 'restricted',
    })
    assert.deepEqual(errors, [])
    assert.deepEqual(policy.enforce, { level: 'baseline', minor: 30 })
    assert.deepEqual(policy.warn, { level: 'restricted', minor: latest })
  })
  it('is the strictest where labels are wrong', () => {
    const { policy, errors } = namespacePolicy({
      'pod-security.kubernetes.io/enforce': 'none',
      'pod-security.kubernetes.io/audit-version': '1.30',
    })
    assert.equal(policy.enforce.level, 'restricted')
    assert.deepEqual(
      errors.map(({ field }) => field),
      [
        'metadata.labels[pod-security.kubernetes.io/enforce]',
        'metadata.labels[pod-security.kubernetes.io/audit-version]',
      ],
    )
  })
})
