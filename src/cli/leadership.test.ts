import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { electionOf, type LeaderConfiguration, type LeaderFlags } from './leadership.js'

const usual = {
  elect: true,
  lease: { namespace: 'kube-system', name: 'kube-scheduler' },
  leaseDuration: 15_000,
  renewDeadline: 10_000,
  retryPeriod: 2_000,
}

const elections: readonly (readonly [string, LeaderFlags, LeaderConfiguration, object])[] = [
  ["upstream's defaults", {}, {}, {}],
  [
    'what the file says',
    {},
    {
      leaseDuration: '1m0s',
      renewDeadline: '40s',
      retryPeriod: '500ms',
      resourceName: 'mine',
      resourceNamespace: 'ns',
    },
    { leaseDuration: 60_000, renewDeadline: 40_000, retryPeriod: 500, lease: { namespace: 'ns', name: 'mine' } },
  ],
  [
    'flags before the file',
    { leaderElectLeaseDuration: '30s', leaderElectResourceName: 'flagged', leaderElect: 'true' },
    { leaseDuration: '1m0s', resourceName: 'mine', leaderElect: false },
    { leaseDuration: 30_000, lease: { namespace: 'kube-system', name: 'flagged' } },
  ],
  ['none, by the file', {}, { leaderElect: false }, { elect: false }],
  ['none, by the flag', { leaderElect: 'false' }, { leaderElect: true }, { elect: false }],
]

const refused: readonly (readonly [string, LeaderFlags])[] = [
  ['a lease that ends before it is renewed', { leaderElectLeaseDuration: '10s' }],
  ['a deadline with no time for a second try', { leaderElectRetryPeriod: '9s' }],
  ['no time between tries', { leaderElectRetryPeriod: '0s' }],
  ['what is no time', { leaderElectRenewDeadline: 'soon' }],
]

describe('electionOf', () => {
  for (const [what, flags, file, wanted] of elections)
    it(`has ${what}`, () => assert.deepEqual(electionOf(flags, 'kube-scheduler', file), { ...usual, ...wanted }))
  for (const [what, flags] of refused)
    it(`refuses ${what}`, () => assert.throws(() => electionOf(flags, 'kube-scheduler'), { name: 'OperatorError' }))
})
