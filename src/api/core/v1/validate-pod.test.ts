import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Draft } from '../../../schema/index.js'
import { applyStaticDefaults, decodeJson } from '../../../schema/index.js'
import { Pod } from './index.js'
import { pods } from './pods.js'

type Fields = { readonly [field: string]: unknown }

const container = { name: 'c', image: 'i' }

function podOf(spec: Fields, metadata: Fields = {}): Pod {
  const pod = decodeJson(Pod, {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'p', namespace: 'n', ...metadata },
    spec: { containers: [container], ...spec },
  }) as Draft<Pod>
  applyStaticDefaults(Pod, pod)
  pods.defaults?.(pod)
  return pod
}

const told = (errors: readonly { readonly field: string; readonly message: string }[] | undefined): string[] =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`)

const volume = (source: Fields) => ({ volumes: [{ name: 'v', ...source }] })

const faults: readonly (readonly [string, Fields, readonly string[]])[] = [
  ['nothing', {}, []],
  [
    'two sources of one volume',
    volume({ emptyDir: {}, cephfs: { monitors: ['m'] } }),
    ['spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'a disk without a name',
    volume({ gcePersistentDisk: { pdName: '', partition: 300 } }),
    [
      'spec.volumes[0].persistentDisk.pdName: Required value',
      'spec.volumes[0].persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive',
    ],
  ],
  [
    'an iSCSI name that is none',
    volume({ iscsi: { targetPortal: 't', iqn: 'x', lun: 0 } }),
    ['spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa'],
  ],
  [
    'a projection of two sources to one path',
    volume({
      projected: {
        sources: [
          {
            secret: { name: 's', items: [{ key: 'a', path: 'x' }] },
            configMap: { name: 'm', items: [{ key: 'b', path: 'x' }] },
          },
        ],
      },
    }),
    [
      'spec.volumes[0].projected: Invalid value: "m": conflicting duplicate paths',
      'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
    ],
  ],
  [
    'restarts of a container that is not resized',
    {
      initContainers: [
        { name: 'i', image: 'a', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] },
        { name: 'j', image: 'a', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
      ],
    },
    [
      `spec.initContainers[1].resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' for init containers without restartPolicy=Always`,
    ],
  ],
  [
    'a claim that is made for another volume',
    {
      volumes: [
        {
          name: 'e',
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { name: 'x' },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
        { name: 'f', persistentVolumeClaim: { claimName: 'p-e' } },
      ],
    },
    [
      'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
      'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "p-e": must not reference a PVC that gets created for an ephemeral volume',
    ],
  ],
  [
    'claims of both kinds, and of none',
    {
      resourceClaims: [{ name: 'a', resourceClaimName: 'r', resourceClaimTemplateName: 't' }, { name: 'b' }],
    },
    [
      'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":"r","ResourceClaimTemplateName":"t"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
      'spec.resourceClaims[1]: Invalid value: {"Name":"b","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    ],
  ],
  [
    'a claim of a container that the pod has not',
    { containers: [{ ...container, resources: { claims: [{ name: 'x', request: 'r' }, { name: 'x' }] } }] },
    [
      'spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty',
      'spec.containers[0].resources.claims[1]: Duplicate value: "x"',
      'spec.containers[0].resources.claims[1]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty',
    ],
  ],
  [
    'resources of a whole pod on Windows',
    { os: { name: 'windows' }, resources: { limits: { cpu: '1' } } },
    ['spec.resources: Forbidden: may not be set for a windows pod'],
  ],
  [
    'containers that want more than their pod',
    {
      resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } },
      containers: [{ ...container, resources: { requests: { cpu: '150m' }, limits: { cpu: '300m' } } }],
    },
    [
      'spec.resources.requests[cpu]: Invalid value: "100m": must be greater than or equal to aggregate container requests of 150m',
      'spec.resources.containers[0][cpu].limits: Invalid value: "300m": must be less than or equal to pod limits of 200m',
    ],
  ],
  [
    'namespaces of the host with users of its own',
    { hostUsers: false, hostPID: true, hostNetwork: true },
    [
      'spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false',
      'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false',
    ],
  ],
  [
    'some containers as processes of a Windows host',
    {
      containers: [
        { ...container, securityContext: { windowsOptions: { hostProcess: true } } },
        { ...container, name: 'd' },
      ],
    },
    [
      'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
      'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ],
  ],
  [
    'what Windows does not have',
    { os: { name: 'windows' }, securityContext: { runAsUser: 1, seLinuxChangePolicy: 'Recursive' }, hostIPC: true },
    [
      'spec.hostIPC: Forbidden: cannot be set for a windows pod',
      'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
      'spec.securityContext.seLinuxChangePolicy: Forbidden: cannot be set for a windows pod',
    ],
  ],
  [
    'spread twice over the same',
    {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'a b', whenUnsatisfiable: 'DoNotSchedule', matchLabelKeys: ['k'] },
        { maxSkew: 1, topologyKey: 'a b', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    },
    [
      'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a b, DoNotSchedule}"',
      'spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
    ],
  ],
  [
    'no nameserver of its own',
    { dnsPolicy: 'None', dnsConfig: { searches: ['_a'] } },
    ['spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
  ],
]

describe('the rules of new pods', () => {
  for (const [what, spec, expected] of faults)
    it(`tell of ${what}`, () => assert.deepEqual(told(pods.strategy.validate?.(podOf(spec))), expected))

  it('want annotations and fields of security profiles to agree', () => {
    const pod = podOf(
      { containers: [{ ...container, securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }] },
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
    )
    assert.deepEqual(told(pods.strategy.validate?.(pod)), [
      'spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
    ])
  })
})

const gated = { schedulingGates: [{ name: 'g' }] }

const updates: readonly (readonly [string, Fields, Fields, readonly string[]])[] = [
  ['an image', {}, { containers: [{ ...container, image: 'other' }] }, []],
  [
    'a gate',
    {},
    gated,
    ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"],
  ],
  ['where a gated pod may run', gated, { ...gated, nodeSelector: { disk: 'ssd' } }, []],
  [
    'where a gated pod was told to run',
    { ...gated, nodeSelector: { disk: 'ssd' } },
    { ...gated, nodeSelector: { disk: 'hdd' } },
    [
      'spec.nodeSelector: Invalid value: {"disk":"hdd"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ],
  ],
]

describe('updates of pods', () => {
  for (const [what, before, after, expected] of updates)
    it(`may or may not change ${what}`, () =>
      assert.deepEqual(told(pods.strategy.validateUpdate?.(podOf(after), podOf(before))), expected))
})

const resources = (cpu: string | undefined, memory = '1Gi') => ({
  containers: [{ ...container, resources: { requests: { ...(cpu ? { cpu } : {}), memory } } }],
})

const resizes: readonly (readonly [string, Fields, Fields, readonly string[]])[] = [
  ['more of what there is', resources('1'), resources('2', '2Gi'), []],
  [
    'less than there was',
    resources('1'),
    resources(undefined),
    ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
  ],
  [
    'another class of service',
    resources('1'),
    { containers: [container] },
    [
      'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ],
  ],
]

describe('a resize of a pod', () => {
  const view = pods.subresources.find(each => each.name === 'resize')
  for (const [what, before, after, expected] of resizes)
    it(`to ${what}`, () => {
      assert(view?.type === 'view')
      assert.deepEqual(told(view.validateUpdate?.(podOf(after), podOf(before))), expected)
    })
})

const warned: readonly (readonly [string, Fields, readonly string[]])[] = [
  [
    'an address of the host without a port of it',
    { containers: [{ ...container, ports: [{ containerPort: 80, hostIP: '192.0.2.1' }] }] },
    [
      'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:192.0.2.1}',
    ],
  ],
  [
    'one port of two containers',
    {
      containers: [
        { ...container, ports: [{ containerPort: 80 }] },
        { ...container, name: 'd', ports: [{ containerPort: 80, hostPort: 8080 }] },
      ],
    },
    ['spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[0]'],
  ],
  [
    'files that hide each other',
    {
      volumes: [
        {
          name: 'v',
          configMap: {
            name: 'm',
            items: [
              { key: 'a', path: 'x' },
              { key: 'b', path: 'x/y' },
            ],
          },
        },
      ],
    },
    ['volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"'],
  ],
  [
    'a variable that is itself',
    {
      containers: [
        {
          ...container,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)' },
          ],
        },
      ],
    },
    ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
  ],
]

describe('warnings about pods', () => {
  for (const [what, spec, expected] of warned)
    it(`tell of ${what}`, () => {
      const pod = podOf(spec)
      assert.deepEqual(pods.strategy.warnings?.(pod, undefined), expected)
      assert.deepEqual(pods.strategy.warnings?.(pod, pod), [])
    })
})
