import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { OperatorError } from '../cluster/operator-error.js'
import {
  type FeatureFlags,
  featureGatesOf,
  runtimeConfigOf,
  withFeatureGates,
  withRuntimeConfig,
} from './feature-flags.js'

const flagsOf = (...args: readonly string[]): FeatureFlags =>
  withRuntimeConfig(withFeatureGates(new Command())).parse(args, { from: 'user' }).opts()

test('what is said again adds to what was said before', async () => {
  const flags = flagsOf(
    '--runtime-config=api/beta=true',
    '--runtime-config',
    'batch/v1=false,storagemigration.k8s.io/v1beta1',
    '--feature-gates=AllBeta=false',
    '--feature-gates=StorageVersionMigrator=true',
  )
  assert.deepEqual(await runtimeConfigOf(flags), {
    'api/beta': true,
    'batch/v1': false,
    'storagemigration.k8s.io/v1beta1': true,
  })
  assert.deepEqual(await featureGatesOf(flags), { AllBeta: false, StorageVersionMigrator: true })
  assert.deepEqual([await runtimeConfigOf({}), await featureGatesOf({ featureGates: '' })], [{}, {}])
})

test('what is wrong is told with the flag, and what may be written', async () => {
  for (const [args, message] of [
    [
      ['--runtime-config=v1=false'],
      'invalid argument "v1=false" for "--runtime-config" flag: runtime-config invalid key v1',
    ],
    [
      ['--runtime-config=a.io/v1=true'],
      'invalid argument "a.io/v1=true" for "--runtime-config" flag: unknown api groups a.io',
    ],
    [
      ['--feature-gates=Foo=true'],
      'invalid argument "Foo=true" for "--feature-gates" flag: unrecognized feature gate: Foo',
    ],
  ] as const) {
    const flags = flagsOf(...args)
    await assert.rejects(
      Promise.all([runtimeConfigOf(flags), featureGatesOf(flags)]),
      error => error instanceof OperatorError && error.message === message && error.remedy !== '',
      message,
    )
  }
})
