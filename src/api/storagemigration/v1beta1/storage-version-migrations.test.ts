import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StorageVersionMigration } from './storage-version-migration.js'
import { storageVersionMigrations } from './storage-version-migrations.js'

const { strategy, subresources, columns } = storageVersionMigrations

const migration = (resource: object, status: object = {}) =>
  ({ metadata: { name: 'm' }, spec: { resource }, status }) as unknown as StorageVersionMigration
const secrets = { group: '', resource: 'secrets' }

const texts = (errors: readonly { field: string; message: string }[] | undefined) =>
  errors?.map(({ field, message }) => `${field}: ${message}`)

describe('storage version migrations', () => {
  it('name a resource and its group', () => {
    for (const [resource, ...expected] of [
      [secrets],
      [{ group: 'stable.example.com', resource: 'crontabs' }],
      [{ group: '', resource: '' }, 'spec.resource.resource: Required value: resource is required to be set'],
      [{ group: 'apps' }, 'spec.resource.resource: Required value: resource is required to be set'],
      [
        { group: 'Apps', resource: 'a/b' },
        `spec.resource.resource: Invalid value: "a/b": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
        `spec.resource.group: Invalid value: "Apps": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      ],
    ] as const)
      assert.deepEqual(texts(strategy.validate?.(migration(resource))), expected, JSON.stringify(resource))
  })

  it('stay what they are', () => {
    const old = migration(secrets)
    assert.deepEqual(strategy.validateUpdate?.(migration({ ...secrets }), old), [])
    assert.deepEqual(texts(strategy.validateUpdate?.(migration({ group: '', resource: 'pods' }), old)), [
      'spec: Invalid value: {"Resource":{"group":"","resource":"pods"}}: field is immutable',
    ])
  })

  it('come to one end, and stay there', () => {
    const view = subresources.find(({ name }) => name === 'status')
    const check = view?.type === 'view' ? view.validateUpdate : undefined
    const conditions = (...texts: readonly string[]) =>
      texts.map(text => {
        const [type = '', status = ''] = text.split('=')
        return { type, status, lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'R', message: '' }
      })
    const shown = (...texts: readonly string[]) => JSON.stringify(conditions(...texts))
    const at = 'status.conditions: Invalid value:'
    const running = { conditions: conditions('Running=True') }
    for (const [now, old, ...expected] of [
      [running, {}],
      [{ ...running, resourceVersion: '12' }, running],
      [
        { conditions: conditions('Succeeded=True'), resourceVersion: '12' },
        { ...running, resourceVersion: '12' },
      ],
      [
        { resourceVersion: '012' },
        {},
        'status.resourceVersion: Invalid value: "012": resource version is not well formed: 012',
      ],
      [
        { resourceVersion: '13' },
        { resourceVersion: '12' },
        'status.resourceVersion: Invalid value: "13": field is immutable',
      ],
      [{}, { resourceVersion: '12' }, 'status.resourceVersion: Invalid value: "": field is immutable'],
      [
        { conditions: conditions('Succeeded=True', 'Failed=True') },
        running,
        `${at} ${shown('Succeeded=True', 'Failed=True')}: Both success and failed conditions cannot be true at the same time`,
      ],
      [
        { conditions: conditions('Running=True', 'Succeeded=True') },
        running,
        `${at} ${shown('Running=True', 'Succeeded=True')}: Running condition cannot be true when success condition is true`,
      ],
      [
        { conditions: conditions('Running=True', 'Failed=True') },
        running,
        `${at} ${shown('Running=True', 'Failed=True')}: Running condition cannot be true when failed condition is true`,
      ],
      [
        running,
        { conditions: conditions('Succeeded=True') },
        `${at} ${shown('Running=True')}: Success condition cannot be set to false once it is true`,
      ],
      [
        { conditions: conditions('Failed=False') },
        { conditions: conditions('Failed=True') },
        `${at} ${shown('Failed=False')}: Failed condition cannot be set to false once it is true`,
      ],
      [
        { conditions: conditions('Running=yes') },
        {},
        'status.conditions[0].status: Unsupported value: "yes": supported values: "False", "True", "Unknown"',
      ],
    ] as const)
      assert.deepEqual(texts(check?.(migration(secrets, now), migration(secrets, old))), expected)
  })

  it('are shown with what they migrate', () => {
    const cells = (object: StorageVersionMigration) => columns.map(({ cell }) => cell(object, 0))
    assert.deepEqual(cells(migration(secrets)), ['m', 'secrets'])
    assert.deepEqual(cells(migration({ group: 'apps', resource: 'deployments' })), ['m', 'deployments.apps'])
  })
})
