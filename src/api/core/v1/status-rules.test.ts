import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../../../machinery/path.js'
import type { Job } from '../../batch/v1/job.js'
import { validateJobStatus } from '../../batch/v1/job-status.js'
import { joinPodIps, validatePodIps } from './pod-ips.js'
import type { Service } from './service.js'
import { validateServiceStatus } from './service-status.js'

const said = (errors: readonly { readonly field: string; readonly message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

test('addresses of pods', () => {
  const ip = (...ips: string[]) => ips.map(ip => ({ ip }))
  const notValid = (at: string, text: string) =>
    `${at}: Invalid value: "${text}": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`
  for (const [ips, old, expected] of [
    [['10.0.0.1', 'fd00::1'], [], []],
    [['x'], [], [notValid('status.podIPs[0]', 'x')]],
    [['x'], ['x'], []],
    [
      ['10.0.0.1', '10.0.0.2'],
      [],
      [
        'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for each IP family',
      ],
    ],
  ] as const)
    assert.deepEqual(said(validatePodIps(ip(...ips), ip(...old), root.child('status').child('podIPs'))), expected)
  for (const [status, expected] of [
    [{ podIP: '1.1.1.1' }, { podIP: '1.1.1.1', podIPs: ip('1.1.1.1') }],
    [{ podIPs: ip('1.1.1.1') }, { podIP: '1.1.1.1', podIPs: ip('1.1.1.1') }],
    [
      { podIP: '1.1.1.1', podIPs: ip('2.2.2.2') },
      { podIP: '1.1.1.1', podIPs: ip('1.1.1.1') },
    ],
    [{}, {}],
  ] as const) {
    const joined = structuredClone(status) as never
    joinPodIps(joined)
    assert.deepEqual(joined, expected)
  }
})

test('what load balancers say of services', () => {
  const service = (type: string, ...ingress: object[]) =>
    ({ metadata: {}, spec: { type }, status: { loadBalancer: { ingress } } }) as unknown as Service
  const none = service('LoadBalancer')
  const at = 'status.loadBalancer.ingress'
  for (const [changed, old, expected] of [
    [service('LoadBalancer', { ip: '1.1.1.1', ipMode: 'VIP' }), none, []],
    [
      service('ClusterIP', { ip: '1.1.1.1' }),
      none,
      [`${at}: Forbidden: may only be used when \`spec.type\` is LoadBalancer`],
    ],
    [
      service('LoadBalancer', { ip: '1.1.1.1' }),
      none,
      [`${at}[0].ipMode: Required value: must be specified when \`ip\` is set`],
    ],
    [
      service('LoadBalancer', { ip: '1.1.1.1', ipMode: 'x' }),
      none,
      [`${at}[0].ipMode: Unsupported value: "x": supported values: "Proxy", "VIP"`],
    ],
    [
      service('LoadBalancer', { hostname: 'a', ipMode: 'VIP' }),
      none,
      [`${at}[0].ipMode: Forbidden: may not be specified when \`ip\` is not set`],
    ],
    [
      service('LoadBalancer', { hostname: '1.1.1.1' }),
      none,
      [`${at}[0].hostname: Invalid value: "1.1.1.1": must be a DNS name, not an IP address`],
    ],
    [service('LoadBalancer', { ip: 'x', ipMode: 'VIP' }), service('LoadBalancer', { ip: 'x' }), []],
  ] as const)
    assert.deepEqual(said(validateServiceStatus(changed, old)), expected)
})

test('how jobs may end', () => {
  const job = (status: object, spec: object = {}) => ({ metadata: {}, spec, status }) as unknown as Job
  const is = (...types: string[]) => types.map(type => ({ type, status: 'True' }))
  const times = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z' }
  for (const [changed, old, expected] of [
    [job({ ...times, conditions: is('Complete', 'SuccessCriteriaMet') }), job({ startTime: times.startTime }), []],
    [
      job({ startTime: times.startTime, active: 1, conditions: is('Complete') }),
      job({ startTime: times.startTime, active: 1 }),
      [
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
        'status.active: Invalid value: 1: active>0 is invalid for finished job',
      ],
    ],
    [
      job({ startTime: times.startTime, conditions: is('Failed') }),
      job({ startTime: times.startTime }),
      ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
    ],
    [
      job({ startTime: times.startTime }),
      job({ startTime: times.startTime, conditions: is('Failed', 'FailureTarget') }),
      [
        'status.conditions: Invalid value: cannot disable the terminal Failed=True condition',
        'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
      ],
    ],
    [
      job({}),
      job({ startTime: times.startTime, failed: 2, succeeded: 1 }),
      [
        'status.failed: Invalid value: 0: cannot decrease the failed counter',
        'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
        'status.startTime: Required value: startTime cannot be removed for unsuspended job',
      ],
    ],
    [
      job({}),
      job({ startTime: times.startTime }, {}),
      ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
    ],
    [job({}, { suspend: true }), job({ startTime: times.startTime }), []],
  ] as const)
    assert.deepEqual(said(validateJobStatus(changed, old)), expected)
})
