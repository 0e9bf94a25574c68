import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateEventUpdate } from './core/v1/events.js'
import type { Event } from './core/v1/index.js'
import type { IngressClass } from './networking/v1/index.js'
import { ingressClasses } from './networking/v1/ingress-classes.js'

describe('texts that may not change, taken away', () => {
  it('of an ingress class', () => {
    const named = { metadata: {}, spec: { controller: 'example.com/c' } } as IngressClass
    const faults = ingressClasses.strategy.validateUpdate?.({ ...named, spec: {} } as IngressClass, named) ?? []
    assert.deepEqual(
      faults.map(({ field, message }) => `${field}: ${message}`),
      ['spec.controller: Invalid value: "": field is immutable', 'spec.controller: Required value'],
    )
  })

  it('and a number, of an event', () => {
    const old = { involvedObject: {}, source: {}, action: 'a', count: 1 } as Event
    const faults = validateEventUpdate({ involvedObject: {}, source: {} } as Event, old)
    assert.deepEqual(
      faults.map(({ field, message }) => `${field}: ${message}`),
      ['count: Invalid value: 0: field is immutable', 'action: Invalid value: "": field is immutable'],
    )
  })
})
