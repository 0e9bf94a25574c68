import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionRequest } from './admission.js'
import { Reinvocations } from './reinvocations.js'

/** What each does when it is asked: `+` changes the object, `?` wants to be asked again. */
const run = (names: readonly string[], between = ''): string => {
  const reinvocations = new Reinvocations()
  const request = { object: { value: '' } } as unknown as AdmissionRequest & { object: { value: string } }
  const rounds: string[] = []
  for (const round of [1, 2]) {
    if (round === 2 && !request.again) break
    if (round === 2) request.object.value += between
    let asked = ''
    reinvocations.begin(request)
    for (const name of names) {
      const id = name.charAt(0)
      if (!reinvocations.asks(id)) continue
      asked += id
      const changes = name.includes(`+${round}`) || name.endsWith('+')
      if (changes) request.object.value += id
      reinvocations.asked(request, id, changes, name.includes('?'))
    }
    reinvocations.end(request)
    rounds.push(asked)
  }
  return rounds.join(' ')
}

test('who is asked again', () => {
  for (const [names, between, expected] of [
    [['a', 'b?'], '', 'ab'],
    // Its own change is nothing new to it.
    [['a?+'], '', 'a '],
    [['a?', 'b+'], '', 'ab a'],
    [['a', 'b+'], '', 'ab '],
    [['a?', 'b+', 'c?'], '', 'abc a'],
    // What is asked again may change the object, too.
    [['a?+2', 'b+', 'c?'], '', 'abc ac'],
    [['a?', 'b?+', 'c?+'], '', 'abc abc'],
    // The plugins of the server have changed the object after the first round.
    [['a?+', 'b?', 'c'], 'x', 'abc ab'],
  ] as const)
    assert.equal(run(names, between), expected, names.join())
})
