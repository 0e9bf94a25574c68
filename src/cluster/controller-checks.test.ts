import assert from 'node:assert/strict'
import { it } from 'node:test'
import { controllerChecks } from './controller-checks.js'

it('checks of controllers have names of upstream, each once', () => {
  const names = ['deployment', 'endpoint', 'resourceclaim-generator', 'resourceclaim', 'garbage-collector']
  assert.deepEqual(
    controllerChecks(names).map(({ name }) => name),
    ['deployment-controller', 'endpoints-controller', 'resourceclaim-controller', 'garbage-collector-controller'],
  )
})
