import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { namedStatus } from './definition-status.js'

const now = '2024-01-01T00:00:00Z'

function definition(
  plural: string,
  kind: string,
  more: { group?: string; accepted?: boolean; annotations?: object; shortNames?: string[] } = {},
) {
  const { group = 'x.example.com', accepted = false, annotations = {}, shortNames } = more
  const names = {
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    ...(shortNames ? { shortNames } : {}),
  }
  return {
    metadata: { name: `${plural}.${group}`, annotations },
    spec: { group, names, scope: 'Namespaced', versions: [] },
    status: { conditions: null, acceptedNames: accepted ? names : { plural: '', kind: '' }, storedVersions: ['v1'] },
  } as unknown as CustomResourceDefinition
}

const conditions = (made: CustomResourceDefinition['status']): readonly string[] =>
  made.conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`)

describe('names of definitions', () => {
  it('are accepted when nobody has them', () => {
    const status = namedStatus(
      definition('as', 'A', { shortNames: ['s'] }),
      [definition('bs', 'B', { accepted: true })],
      now,
    )
    assert.deepEqual(status.acceptedNames, {
      plural: 'as',
      singular: 'a',
      shortNames: ['s'],
      kind: 'A',
      listKind: 'AList',
    })
    assert.deepEqual(conditions(status), [
      'NamesAccepted=True NoConflicts: no conflicts found',
      'Established=True InitialNamesAccepted: the initial names have been accepted',
    ])
  })

  const conflicts: readonly (readonly [string, CustomResourceDefinition, string])[] = [
    ['a kind', definition('as', 'B'), 'ListKindConflict: "BList" is already in use'],
    [
      'a short name',
      definition('as', 'A', { shortNames: ['b', 'bs'] }),
      'ShortNamesConflict: ["b" is already in use, "bs" is already in use]',
    ],
    ['a plural', definition('b', 'A'), 'PluralConflict: "b" is already in use'],
  ]
  for (const [name, wanted, reason] of conflicts)
    it(`are refused with ${name} that another has`, () => {
      const status = namedStatus(wanted, [definition('bs', 'B', { accepted: true })], now)
      assert.deepEqual(conditions(status), [
        `NamesAccepted=False ${reason}`,
        'Established=False NotAccepted: not all names are accepted',
      ])
    })

  it('once established, stay so; times move with the status alone', () => {
    const before = definition('as', 'A')
    const established = { ...before, status: namedStatus(before, [], now) }
    const later = '2024-01-02T00:00:00Z'
    const status = namedStatus(established, [definition('b', 'A', { accepted: true })], later)
    assert.deepEqual(
      status.conditions.map(({ type, status: is, lastTransitionTime }) => [type, is, lastTransitionTime]),
      [
        ['NamesAccepted', 'False', later],
        ['Established', 'True', now],
      ],
    )
  })

  it('of protected groups say whether they are approved', () => {
    const approval = (text: string) =>
      namedStatus(
        definition('as', 'A', { group: 'x.k8s.io', annotations: { 'api-approved.kubernetes.io': text } }),
        [],
        now,
      ).conditions.at(-1)?.reason
    assert.equal(approval('https://example.com/pull/1'), 'ApprovedAnnotation')
    assert.equal(approval('unapproved, an experiment'), 'UnapprovedAnnotation')
    assert.equal(approval('yes'), 'InvalidAnnotation')
    assert.equal(approval(''), 'MissingAnnotation')
  })
})
