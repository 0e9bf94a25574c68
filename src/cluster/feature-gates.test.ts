import assert from 'node:assert/strict'
import { test } from 'node:test'
import { featureGates, parseFeatureGates } from './feature-gates.js'

test('a feature is as it is asked for, as its stage is, or as it comes', () => {
  for (const [text, on] of [
    ['', false],
    ['StorageVersionMigrator=true', true],
    ['StorageVersionMigrator=t', true],
    ['AllBeta=true', true],
    ['SidecarContainers=true', false],
    ['AllAlpha=true', false],
    ['AllBeta=true,StorageVersionMigrator=false', false],
    ['AllBeta=false, StorageVersionMigrator = true,', true],
  ] as const)
    assert.deepEqual(featureGates(parseFeatureGates(text)), { StorageVersionMigrator: on }, text)
})

test('what is no feature is refused in upstream’s words', () => {
  for (const [text, message] of [
    ['StorageVersionMigrator', 'missing bool value for StorageVersionMigrator'],
    [
      'StorageVersionMigrator=on',
      'invalid value of StorageVersionMigrator=on, err: strconv.ParseBool: parsing "on": invalid syntax',
    ],
    ['StorageVersionMigrater=true', 'unrecognized feature gate: StorageVersionMigrater'],
    ['SidecarContainers=false', 'cannot set feature gate SidecarContainers to false, feature is locked to true'],
    ['toString=true', 'unrecognized feature gate: toString'],
  ] as const)
    assert.throws(() => featureGates(parseFeatureGates(text)), { message }, text)
})
