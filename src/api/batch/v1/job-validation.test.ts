import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Draft } from '../../../schema/index.js'
import { applyStaticDefaults, decodeJson } from '../../../schema/index.js'
import { cronJobs } from './cron-jobs.js'
import { CronJob, Job } from './index.js'
import { validateJobUpdate } from './job-validation.js'
import { jobs } from './jobs.js'

type Fields = { readonly [field: string]: unknown }

const podSpec = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] }

function jobOf(spec: Fields, pod: Fields = {}, status: Fields = {}): Job {
  const job = decodeJson(Job, {
    kind: 'Job',
    apiVersion: 'batch/v1',
    metadata: { name: 'j', namespace: 'n', uid: 'u' },
    spec: {
      manualSelector: true,
      selector: { matchLabels: { app: 'a' } },
      template: { metadata: { labels: { app: 'a' } }, spec: { ...podSpec, ...pod } },
      ...spec,
    },
    status,
  }) as Draft<Job>
  applyStaticDefaults(Job, job)
  jobs.defaults?.(job)
  return job
}

const told = (errors: readonly { readonly field: string; readonly message: string }[] | undefined): string[] =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`)

const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 2 }
const exitCodes = { onExitCodes: { operator: 'In', values: [1] } }

const faults: readonly (readonly [string, Fields, readonly string[]])[] = [
  ['nothing', {}, []],
  [
    'limits of indexes without indexes',
    { backoffLimitPerIndex: 1, maxFailedIndexes: 2 },
    [
      'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
      'spec.maxFailedIndexes: Invalid value: 2: requires indexed completion mode',
    ],
  ],
  [
    'more failed indexes than there are',
    { ...indexed, maxFailedIndexes: 5 },
    [
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.maxFailedIndexes: Invalid value: 5: must be less than or equal to completions',
    ],
  ],
  [
    'a rule about neither codes nor conditions',
    { podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [] }] } },
    ['spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required'],
  ],
  [
    'a rule that leaves much open',
    { podFailurePolicy: { rules: [{ action: '', onExitCodes: { operator: '', values: [2, 1] } }] } },
    [
      'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
      'spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered',
    ],
  ],
  [
    'success by indexes without indexes',
    { successPolicy: { rules: [{ succeededCount: 1 }] } },
    [
      'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
    ],
  ],
]

const placed = { nodeSelector: { disk: 'ssd' } }
const spread = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } } }
const began = { startTime: '2026-01-01T00:00:00Z' }
const rests = { ...began, conditions: [{ type: 'Suspended', status: 'True' }] }

const updates: readonly (readonly [string, Job, Job, readonly string[]])[] = [
  ['more at a time', jobOf({ parallelism: 1 }), jobOf({ parallelism: 3 }), []],
  [
    'more completions',
    jobOf({ completions: 1 }),
    jobOf({ completions: 3 }),
    ['spec.completions: Invalid value: 3: field is immutable'],
  ],
  ['more indexes, all at a time', jobOf(indexed), jobOf({ ...indexed, completions: 5, parallelism: 5 }), []],
  [
    'more indexes',
    jobOf(indexed),
    jobOf({ ...indexed, completions: 5 }),
    ['spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism'],
  ],
  [
    'a policy of its own',
    jobOf({}),
    jobOf({ podFailurePolicy: { rules: [{ action: 'Ignore', ...exitCodes }] } }),
    [
      'spec.podFailurePolicy: Invalid value: {"Rules":[{"Action":"Ignore","OnExitCodes":{"ContainerName":null,"Operator":"In","Values":[1]},"OnPodConditions":null}]}: field is immutable',
    ],
  ],
  ['a place while suspended', jobOf({ suspend: true }), jobOf({ suspend: true }, placed), []],
  ['a place while resting again', jobOf({ suspend: true }, {}, rests), jobOf({ suspend: true }, placed), []],
]

const templateChanges: readonly (readonly [string, Job, Job, string?])[] = [
  ['a place while running', jobOf({}), jobOf({}, placed)],
  ['a place while it has not stopped yet', jobOf({ suspend: true }, {}, began), jobOf({ suspend: true }, placed)],
  ['a place while a pod runs', jobOf({ suspend: true }, {}, { active: 1 }), jobOf({ suspend: true }, placed)],
  ['distance from other pods', jobOf({ suspend: true }), jobOf({ suspend: true }, spread), 'spec.template.spec'],
]

describe('jobs', () => {
  for (const [name, spec, expected] of faults)
    it(`are told: ${name}`, () => assert.deepEqual(told(jobs.strategy.validate?.(jobOf(spec))), expected))
  for (const [name, old, job, expected] of updates)
    it(`are updated: ${name}`, () => assert.deepEqual(told(validateJobUpdate(job, old)), expected))
  for (const [name, old, job, field = 'spec.template'] of templateChanges)
    it(`keep their template: ${name}`, () =>
      assert.deepEqual(
        validateJobUpdate(job, old).map(error => error.field),
        [field],
      ))
})

function cronJobOf(spec: Fields, name = 'c'): CronJob {
  const cronJob = decodeJson(CronJob, {
    kind: 'CronJob',
    apiVersion: 'batch/v1',
    metadata: { name, namespace: 'n' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: podSpec } } }, ...spec },
  }) as Draft<CronJob>
  applyStaticDefaults(CronJob, cronJob)
  cronJobs.defaults?.(cronJob)
  return cronJob
}

const noZone = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'

const schedules: readonly (readonly [Fields, readonly string[]])[] = [
  [{ schedule: '@hourly' }, []],
  [{ schedule: '' }, ['spec.schedule: Required value']],
  [{ schedule: ' ' }, ['spec.schedule: Invalid value: " ": expected exactly 5 fields, found 0: []']],
  [{ schedule: 'TZ=UTC @hourly' }, [`spec.schedule: Invalid value: "TZ=UTC @hourly": ${noZone}`]],
  [{ timeZone: 'Europe/Berlin' }, []],
  [{ timeZone: '../x' }, ['spec.timeZone: Invalid value: "../x": unknown time zone ../x']],
  [{ timeZone: 'Mars/Base' }, ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']],
]

describe('cron jobs', () => {
  for (const [spec, expected] of schedules)
    it(`are told about ${JSON.stringify(spec)}`, () =>
      assert.deepEqual(told(cronJobs.strategy.validate?.(cronJobOf(spec))), expected))

  it('keep a zone they already have in their schedule, and an unknown one', () => {
    const old = cronJobOf({ schedule: 'TZ=UTC @hourly', timeZone: 'Mars/Base' })
    const same = cronJobOf({ schedule: 'TZ=UTC @daily', timeZone: 'Mars/Base' })
    assert.deepEqual(told(cronJobs.strategy.validateUpdate?.(same, old)), [
      'spec.schedule: Invalid value: "TZ=UTC @daily": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ])
  })

  it('leave room for the time in the names of their jobs', () =>
    assert.deepEqual(told(cronJobs.strategy.validate?.(cronJobOf({}, 'c'.repeat(53)))), [
      `metadata.name: Invalid value: "${'c'.repeat(53)}": must be no more than 52 characters`,
    ]))
})
