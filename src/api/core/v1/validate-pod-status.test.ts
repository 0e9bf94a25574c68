import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dns1123Subdomain } from '../../../machinery/names.js'
import type { Pod } from './pod.js'
import { validatePodStatus } from './validate-pod-status.js'

const ended = (name: string, exitCode: number) => ({ name, state: { terminated: { exitCode } } })
const running = (name: string) => ({ name, state: { running: {} } })
const container = (name: string, more: object = {}) => ({ name, image: 'a', resources: {}, ...more })
const pod = (status: object, spec: object = {}, metadata: object = {}) =>
  ({ metadata, spec: { restartPolicy: 'Never', containers: [container('c')], ...spec }, status }) as unknown as Pod

test('the status of a pod', () => {
  const stays = 'may not be transitioned to non-terminated state'
  const cases: readonly (readonly [string, Pod, Pod, readonly string[]])[] = [
    ['nothing', pod({}), pod({}), []],
    [
      'a mirror annotation',
      pod({}, { nodeName: 'n' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      pod({}, { nodeName: 'n' }),
      ['metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation'],
    ],
    [
      'generations below zero',
      pod({ observedGeneration: -1, conditions: [{ type: 'Ready', observedGeneration: -2 }] }),
      pod({}),
      [
        'status.conditions[0].observedGeneration: Invalid value: -2: must be a non-negative integer',
        'status.observedGeneration: Invalid value: -1: must be a non-negative integer',
      ],
    ],
    [
      'a nomination of a pod that has a node',
      pod({ nominatedNodeName: 'm' }, { nodeName: 'n' }),
      pod({}, { nodeName: 'n' }),
      ['status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node'],
    ],
    ['one from before', pod({ nominatedNodeName: 'm' }), pod({ nominatedNodeName: 'm' }, { nodeName: 'n' }), []],
    [
      'a container that runs again',
      pod({ containerStatuses: [running('c')] }),
      pod({ containerStatuses: [ended('x', 0), ended('c', 1)] }),
      [`status.containerStatuses[1].state: Forbidden: ${stays}`],
    ],
    [
      'one that its own policy lets run again',
      pod({ containerStatuses: [running('c')] }),
      pod({ containerStatuses: [ended('c', 1)] }, { containers: [container('c', { restartPolicy: 'OnFailure' })] }),
      [],
    ],
    [
      'one that a rule lets run again',
      pod({ containerStatuses: [running('c')] }),
      pod(
        { containerStatuses: [ended('c', 42)] },
        {
          containers: [
            container('c', {
              restartPolicy: 'Never',
              restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
            }),
          ],
        },
      ),
      [],
    ],
    [
      'an ephemeral container that runs again',
      pod({ ephemeralContainerStatuses: [running('e')] }),
      pod({ ephemeralContainerStatuses: [ended('e', 1)] }, { restartPolicy: 'Always' }),
      [`status.ephemeralContainerStatuses[0].state: Forbidden: ${stays}`],
    ],
    [
      'claims that the pod does not name',
      pod({ resourceClaimStatuses: [{ name: 'a' }, { name: 'a', resourceClaimName: '-' }] }, { resourceClaims: [] }),
      pod({}),
      [
        'status.resourceClaimStatuses[0].name: Invalid value: "a": must match the name of an entry in `spec.resourceClaims`',
        'status.resourceClaimStatuses[1].name: Invalid value: "a": must match the name of an entry in `spec.resourceClaims`',
        'status.resourceClaimStatuses[1].name: Duplicate value: "a"',
        `status.resourceClaimStatuses[1].resourceClaimName: Invalid value: "-": ${dns1123Subdomain('-')[0]}`,
      ],
    ],
    [
      'another address of the host',
      pod({ hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] }),
      pod({}),
      ['status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`'],
    ],
    [
      'a user below zero',
      pod({ containerStatuses: [{ ...running('c'), user: { linux: { uid: -1, gid: 0 } } }] }),
      pod({}),
      ['status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
    ],
    [
      'devices',
      pod({
        containerStatuses: [
          {
            ...running('c'),
            allocatedResourcesStatus: [
              {
                name: 'x.io/gpu',
                resources: [
                  { resourceID: 'a', health: 'Sick' },
                  { resourceID: 'a', health: 'Unknown' },
                ],
              },
            ],
          },
        ],
      }),
      pod({}),
      [
        'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "x.io/gpu": must match one of the container\'s resource requests',
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Sick": supported values: "Healthy", "Unhealthy", "Unknown"',
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "a"',
      ],
    ],
    [
      'a claim for extended resources',
      pod({
        extendedResourceClaimStatus: {
          resourceClaimName: '',
          requestMappings: [{ containerName: 'x', resourceName: 'x.io/gpu', requestName: 'r' }],
        },
      }),
      pod({}),
      [
        'status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value: "x": must match the name of an entry in spec.initContainers.name or spec.containers.name',
        'status.extendedResourceClaimStatus.resourceClaimName: Required value',
      ],
    ],
  ]
  for (const [name, changed, old, expected] of cases)
    assert.deepEqual(
      validatePodStatus(changed, old).map(({ field, message }) => `${field}: ${message}`),
      expected,
      name,
    )
})
