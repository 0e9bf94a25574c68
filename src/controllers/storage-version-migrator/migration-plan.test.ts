import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import type { StorageVersionMigration } from '../../api/storagemigration/v1beta1/index.js'
import { migrated, migrating, runningMigration, storageHashOf } from './definition-migration.js'
import { begun, closed, ended, isWrittenSince, nextStep } from './migration-plan.js'

const now = Date.parse('2026-01-02T00:00:00Z')
const states = {
  waiting: [],
  running: ['Running=True'],
  ending: ['Running=False', 'Succeeded=True'],
  failing: ['Running=False', 'Failed=True'],
  done: ['Succeeded=True'],
  // As only a person would write it.
  odd: ['Running=False'],
} as const

function migration(name: string, state: keyof typeof states, resource = 'secrets', age = 0): StorageVersionMigration {
  return {
    metadata: { name, creationTimestamp: `2026-01-01T00:00:${20 - age}Z` },
    spec: { resource: { group: '', resource } },
    status: {
      conditions: states[state].map(text => {
        const [type = '', status = ''] = text.split('=')
        return { type, status, reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }
      }),
    },
  } as StorageVersionMigration
}

describe('the next step of a migration', () => {
  it('lets one in for each resource, the oldest, once the one before is closed', () => {
    for (const [who, others, step] of [
      [migration('a', 'waiting'), [], 'begin'],
      [migration('a', 'running'), [], 'work'],
      [migration('a', 'ending'), [], 'close'],
      [migration('a', 'failing'), [], 'close'],
      [migration('a', 'done'), [], 'nothing'],
      [migration('a', 'odd'), [], 'begin'],
      [migration('a', 'waiting'), [migration('b', 'odd')], 'begin'],
      [migration('a', 'waiting'), [migration('b', 'running')], 'nothing'],
      [migration('a', 'waiting'), [migration('b', 'ending')], 'nothing'],
      [migration('a', 'waiting'), [migration('b', 'done')], 'begin'],
      [migration('a', 'waiting'), [migration('b', 'running', 'pods')], 'begin'],
      [migration('a', 'waiting'), [migration('b', 'waiting')], 'begin'],
      [migration('b', 'waiting'), [migration('a', 'waiting')], 'nothing'],
      [migration('b', 'waiting', 'secrets', 1), [migration('a', 'waiting')], 'begin'],
    ] as const)
      assert.equal(nextStep(who, [who, ...others]), step, `${who.metadata.name} ${JSON.stringify(others)}`)
  })

  it('is told in conditions as upstream has them', () => {
    const conditionsOf = ({ conditions = [] }: StorageVersionMigration['status']) =>
      conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`.trim())
    const running = begun({}, now)
    assert.deepEqual(conditionsOf(running), ['Running=True MigrationRunning The migration is running'])
    const succeeded = ended({ ...running, resourceVersion: '5' }, { type: 'Succeeded', message: '' }, now)
    assert.deepEqual(conditionsOf(succeeded), [
      'Running=False MigrationRunning The migration is running',
      'Succeeded=True StorageVersionMigrationSucceeded',
    ])
    assert.equal(succeeded.resourceVersion, '5')
    assert.deepEqual(conditionsOf(closed(succeeded)), ['Succeeded=True StorageVersionMigrationSucceeded'])
    assert.deepEqual(conditionsOf(ended({}, { type: 'Failed', message: 'why' }, now)), [
      'Failed=True StorageVersionMigrationFailed why',
    ])
  })
})

describe('resource versions', () => {
  it('are compared as numbers of any length', () => {
    for (const [version, noted, later] of [
      ['9', '10', false],
      ['10', '10', false],
      ['11', '10', true],
      ['100', '99', true],
      ['9007199254740993', '9007199254740992', true],
      ['', '10', undefined],
      ['0', '10', undefined],
      ['v1', '10', undefined],
      [undefined, '10', undefined],
    ] as const)
      assert.equal(isWrittenSince(version, noted), later, `${version} after ${noted}`)
  })
})

describe('a definition', () => {
  const definition = (generation: number, status: object = {}) =>
    ({
      metadata: { name: 'boats.example.com', generation },
      spec: {
        group: 'example.com',
        names: { kind: 'Boat', plural: 'boats' },
        versions: [
          { name: 'v1', served: true, storage: false },
          { name: 'v2', served: true, storage: true },
        ],
      },
      status: { conditions: [{ type: 'Established', status: 'True' }], storedVersions: ['v1', 'v2'], ...status },
    }) as unknown as CustomResourceDefinition
  const told = ({ conditions, storedVersions }: CustomResourceDefinition['status']) => {
    const { status, reason, message, observedGeneration } =
      conditions?.find(({ type }) => type === 'StorageMigrating') ?? {}
    return [status, reason, message, observedGeneration, storedVersions?.join()]
  }
  const running = migrating(definition(3), 'm', now)

  it('tells of the migration of its objects, and gives up the versions they were stored in', () => {
    assert.deepEqual(told(running), ['True', 'MigrationRunning', 'Migration m is running', 3, 'v1,v2'])
    assert.equal(running.conditions?.length, 2)
    assert.equal(runningMigration(definition(3, running)), 'm')
    assert.equal(runningMigration(definition(3)), undefined)
    assert.equal(runningMigration(definition(3, migrated(definition(3, running), 'Failed', now))), undefined)
    assert.deepEqual(told(migrated(definition(3, running), 'Succeeded', now)), [
      'False',
      'MigrationSucceeded',
      'The migration has succeeded and the stored versions have been updated',
      3,
      'v2',
    ])
  })

  it('keeps them if it has changed meanwhile, or not all objects could be written', () => {
    assert.deepEqual(told(migrated(definition(4, running), 'Succeeded', now)), [
      'False',
      'MigrationSucceeded',
      'The migration has succeeded but the stored versions have not been updated due to a generation mismatch',
      4,
      'v1,v2',
    ])
    assert.deepEqual(told(migrated(definition(3, running), 'Failed', now)), [
      'False',
      'MigrationFailed',
      'The migration has failed',
      3,
      'v1,v2',
    ])
  })

  it('is known by the hash of what it is stored as', () => {
    assert.equal(storageHashOf(definition(1)), 'PBFRYM7D1R4=')
  })
})
